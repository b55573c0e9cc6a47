import { expect, test } from 'bun:test';
import { argumentProblem, typedUsage } from './arguments.ts';

test.each([
  [0, { min: 1 }, 'requires at least 1 argument', 'See'],
  [1, { min: 2 }, 'requires at least 2 arguments', 'See'],
  [1, { min: 0, max: 0 }, 'accepts no arguments', 'Run'],
  [2, { min: 1, max: 1 }, 'requires 1 argument', 'Run'],
  [1, { min: 2, max: 2 }, 'requires 2 arguments', 'Run'],
  [2, { min: 0, max: 1 }, 'requires at most 1 argument', 'SRun'],
  [3, { min: 1, max: 2 }, 'requires at least 1 and at most 2 arguments', 'Run'],
] as const)('%p arguments where %p are allowed', (count, allowed, demand, see) => {
  expect(argumentProblem(count, allowed, 'docker x', 'docker x [OPTIONS]')).toBe(
    `docker: 'docker x' ${demand}\n\nUsage:  docker x [OPTIONS]\n\n${see} 'docker x --help' for more information`,
  );
});

test('the right number of arguments is no problem', () => {
  expect(argumentProblem(1, { min: 1 }, 'docker x', '')).toBeUndefined();
  expect(argumentProblem(2, { min: 1, max: 2 }, 'docker x', '')).toBeUndefined();
});

test('the usage line begins with what was typed', () => {
  expect(typedUsage('docker ps [OPTIONS]', 'docker container ls')).toBe('docker container ls [OPTIONS]');
  expect(typedUsage('docker top CONTAINER [ps OPTIONS]', 'docker top')).toBe('docker top CONTAINER [ps OPTIONS]');
  expect(typedUsage('docker tag SOURCE TARGET', 'docker image tag')).toBe('docker image tag SOURCE TARGET');
});
