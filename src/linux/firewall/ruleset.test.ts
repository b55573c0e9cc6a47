import { expect, test } from 'bun:test';
import { formatTable } from './ruleset.ts';

test('an internal bridge is never masqueraded and cut off both ways', () => {
  const bridge = {
    link: 'br-i',
    subnet: '10.1.0.0/24',
    masquerade4: true,
    masquerade6: true,
    icc: true,
    internal: true,
    gatewayMode4: 'nat',
    gatewayMode6: 'nat',
    trustedHostInterfaces: [],
  } as const;
  const text = formatTable('t', [bridge], []);
  expect(text).not.toContain('masquerade');
  expect(text).toContain('iifname "br-i" oifname != "br-i" drop');
  expect(text).toContain('oifname "br-i" iifname != "br-i" drop');
});
