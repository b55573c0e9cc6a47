import { expect, test } from 'bun:test';
import { mergeConfig } from '../container/merge.ts';
import { planPorts } from './port-plan.ts';
import { publishPolicy } from './publish-policy.ts';

test.each([
  [{}, 'docker', ['docker', 'docker']],
  [{}, 'host-firewall', ['host-firewall', 'host-firewall']],
  [{ 'skiff.published-ports': 'host-firewall' }, 'docker', ['host-firewall', 'host-firewall']],
  [{ 'skiff.published-ports.80/tcp': 'host-firewall' }, 'docker', ['host-firewall', 'docker']],
  [{ 'skiff.published-ports.80': 'docker' }, 'host-firewall', ['docker', 'host-firewall']],
  [
    { 'skiff.published-ports': 'docker', 'skiff.published-ports.80': 'host-firewall' },
    'docker',
    ['host-firewall', 'docker'],
  ],
] as const)('with labels %o and a daemon that says %s, 80/tcp and 80/udp are %o', (labels, fallback, expected) => {
  const policy = publishPolicy(labels as Readonly<Record<string, string>>, fallback);
  expect([policy(80, 'tcp'), policy(80, 'udp')]).toEqual([...expected]);
});

test.each(['skiff.published-ports', 'skiff.published-ports.80', 'skiff.published-ports.x'])(
  'another value, or another port, of the label %s is refused',
  (name) => {
    const value = name.endsWith('x') ? 'docker' : 'none';
    expect(() => publishPolicy({ [name]: value }, 'docker')).toThrow(`invalid label ${name}="${value}"`);
  },
);

test('SCTP is not left to the host', () => {
  const policy = publishPolicy({}, 'host-firewall');
  expect(() => planPorts({ '80/sctp': [{}] }, [], false, undefined, policy)).toThrow('port 80/sctp cannot be left');
});

test('an image says nothing of who reaches the ports', () => {
  const config = mergeConfig({ Labels: { a: '1' } }, { Labels: { b: '2', 'skiff.published-ports': 'docker' } });
  expect(config.Labels).toEqual({ a: '1', b: '2' });
});
