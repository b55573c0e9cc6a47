import { describe, expect, test } from 'bun:test';
import { applyChanges } from './changes.ts';

const BASE = { Env: ['PATH=/bin', 'A=1'], Cmd: ['sh'], Labels: { old: 'x' }, WorkingDir: '/srv' };

describe('changes of a config', () => {
  const cases: readonly (readonly [string, object])[] = [
    ['CMD echo hi', { Cmd: ['/bin/sh', '-c', 'echo hi'] }],
    ['CMD ["a","b"]', { Cmd: ['a', 'b'] }],
    ['ENV A=2 B="two words"', { Env: ['PATH=/bin', 'A=2', 'B=two words'] }],
    ['ENV C=$A', { Env: ['PATH=/bin', 'A=1', 'C=1'] }],
    ['env D long value', { Env: ['PATH=/bin', 'A=1', 'D=long value'] }],
    ['LABEL new=y', { Labels: { old: 'x', new: 'y' } }],
    ['EXPOSE 80 90-91/udp', { ExposedPorts: { '80/tcp': {}, '90/udp': {}, '91/udp': {} } }],
    ['VOLUME /data', { Volumes: { '/data': {} } }],
    ['WORKDIR sub', { WorkingDir: '/srv/sub' }],
    ['USER joe', { User: 'joe' }],
    ['STOPSIGNAL 9', { StopSignal: '9' }],
    ['ONBUILD RUN x', { OnBuild: ['RUN x'] }],
    ['HEALTHCHECK --retries=2 CMD x', { Healthcheck: { Test: ['CMD-SHELL', 'x'], Retries: 2 } }],
  ];
  for (const [change, wanted] of cases) {
    test(change, () => expect(applyChanges(BASE, [change])).toEqual({ ...BASE, ...wanted }));
  }

  test('an entrypoint alone drops the command, as in a Dockerfile', () => {
    const { Cmd: _gone, ...rest } = BASE;
    expect(applyChanges(BASE, ['ENTRYPOINT ["e"]'])).toEqual({ ...rest, Entrypoint: ['e'] });
    expect(applyChanges(BASE, ['CMD c', 'ENTRYPOINT ["e"]'])).toMatchObject({ Cmd: ['/bin/sh', '-c', 'c'] });
  });

  test('nothing, blanks and comments change nothing', () => {
    expect(applyChanges(BASE, [])).toEqual(BASE);
    expect(applyChanges(BASE, ['', ' # no '])).toEqual(BASE);
  });

  test('what is no change is refused', () => {
    expect(() => applyChanges({}, ['RUN x'])).toThrow('RUN is not a valid change command');
    expect(() => applyChanges({}, ['FOO x'])).toThrow('FOO is not a valid change command');
    expect(() => applyChanges({}, ['ENV A'])).toThrow('ENV must have two arguments');
    expect(() => applyChanges({}, ['ONBUILD ONBUILD RUN x'])).toThrow(
      "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed",
    );
  });
});
