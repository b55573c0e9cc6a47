import { describe, expect, test } from 'bun:test';
import { type ContextEndpoint, decideTarget, type TargetNames } from './target.ts';

const readContext = (name: string): ContextEndpoint => ({ host: `unix:///contexts/${name}` });
const decide = (names: Partial<TargetNames>): string => {
  const { endpoint, contextName } = decideTarget({ hosts: [], readContext, ...names });
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

  test('TLS has a port and a default host of its own, and is for tcp alone', () => {
    const tls = { verify: true };
    const endpoint = (names: Partial<TargetNames>) => decideTarget({ hosts: [], readContext, tls, ...names }).endpoint;
    expect(endpoint({ hosts: ['tcp://h'] })).toMatchObject({ hostname: 'h', port: 2376, tls });
    expect(endpoint({})).toMatchObject({ text: 'tcp://localhost:2376', tls });
    expect(endpoint({ hosts: ['unix:///s'] })).toEqual({ kind: 'unix', path: '/s', text: 'unix:///s' });
    expect(endpoint({ context: 'c', tls: undefined })).toMatchObject({ path: '/contexts/c' });
  });
});
