import { expect, test } from 'bun:test';
import { isKind } from '../../lib/errors.ts';
import { createCgroups } from './cgroup.host.ts';

test('in a cgroup that is gone nothing is left to continue, and there is nothing to stop', async () => {
  const cgroups = createCgroups();
  const path = `/skiff-test-gone-${process.pid}`;
  await cgroups.freeze(path, false);
  const failure = await cgroups.freeze(path, true).catch((error: unknown) => error);
  expect(isKind(failure, 'not_found')).toBe(true);
});
