import { describe, expect, test } from 'bun:test';
import { decideTarget, type TargetNames } from './target.ts';

const readContext = (name: string): string => `unix:///contexts/${name}`;
const decide = (names: Partial<TargetNames>): string => {
  const { endpoint, contextName } = decideTarget({ hosts: [], tls: false, readContext, ...names });
  return `${contextName} ${endpoint.text}`;
};

describe('the daemon that is meant', () => {
  test.each([
    [{}, 'default unix:///var/run/docker.sock'],
    [{ currentContext: 'c' }, 'c unix:///contexts/c'],
    [{ currentContext: 'c', envContext: 'e' }, 'e unix:///contexts/e'],
    [{ envContext: 'e', envHost: 'tcp://h:1' }, 'default tcp://h:1'],
    [{ context: 'x', envHost: 'tcp://h:1' }, 'x unix:///contexts/x'],
    [{ context: 'default', currentContext: 'c' }, 'default unix:///var/run/docker.sock'],
    [{ hosts: ['unix:///s'], envHost: 'tcp://h:1' }, 'default unix:///s'],
  ] as const)('%p', (names, expected) => {
    expect(decide(names)).toBe(expected);
  });

  test('two ways of naming one are refused', () => {
    expect(() => decide({ hosts: ['unix:///s'], context: 'x' })).toThrow(
      'conflicting options: cannot specify both --host and --context',
    );
    expect(() => decide({ hosts: ['unix:///s', 'unix:///t'] })).toThrow('Specify only one -H');
  });

  test('TLS is refused, not left out', () => {
    expect(() => decide({ hosts: ['tcp://h'], tls: true })).toThrow('TLS is not supported');
    expect(() => decide({ tls: true })).toThrow('TLS is not supported');
  });
});
