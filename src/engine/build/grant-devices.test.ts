import { expect, test } from 'bun:test';
import { parseDevice } from '../../build/instruction/device.ts';
import { parseCdiSpec } from '../../oci/cdi/cdi-spec.ts';
import { toRegistry } from '../../oci/cdi/registry.ts';
import { grantDevices } from './grant-devices.ts';
import type { Entitlement } from './service.ts';

const autoallow = { 'org.mobyproject.buildkit.device.autoallow': 'true' };
const devices = [{ name: 'a' }, { name: 'b' }, { name: 'free', annotations: autoallow }];
const spec = parseCdiSpec({ cdiVersion: '0.6.0', kind: 'v.test/d', devices });
const registry = toRegistry([{ priority: 0, path: '', spec }]);
const grant = (wanted: readonly string[], ...entitlements: readonly Entitlement[]) =>
  grantDevices(registry, wanted.map(parseDevice), new Set(entitlements));

test('a build has the devices that it may, and those that everyone may', () => {
  expect(grant(['v.test/d=*', 'v.test/d=a'], 'device')).toEqual(['v.test/d=a', 'v.test/d=b', 'v.test/d=free']);
  expect(grant(['v.test/d=b'], 'device=v.test/d=b')).toEqual(['v.test/d=b']);
  expect(grant(['v.test/d=free'])).toEqual(['v.test/d=free']);
  expect(grant(['other.test/x'], 'device=v.test/d=b,alias=other.test/x')).toEqual(['v.test/d=b']);
  expect(grant(['v.test/d=missing'])).toEqual([]);
});

test('others are refused by name', () => {
  expect(() => grant(['v.test/d=a'], 'device=v.test/d=b')).toThrow(
    'device v.test/d=a is requested by the build but not allowed',
  );
  expect(() => grant(['v.test/d=*'], 'network.host')).toThrow('devices v.test/d=a, v.test/d=b are requested');
  expect(() => grant(['v.test/d=missing,required'])).toThrow('required device "v.test/d=missing" is not registered');
});

test('--device is read as BuildKit reads it', () => {
  const cases: readonly (readonly [string, object])[] = [
    ['v.test/d', { name: 'v.test/d', required: false }],
    ['v.test/d=a,required', { name: 'v.test/d=a', required: true }],
    ['name=v.test/d=a,required=false', { name: 'v.test/d=a', required: false }],
  ];
  for (const [text, device] of cases) expect(parseDevice(text)).toEqual(device as never);
  expect(() => parseDevice('a,b')).toThrow("invalid field 'b' must be a key=value pair");
  expect(() => parseDevice('a,name=b')).toThrow('device name already set to a');
  expect(() => parseDevice('a,requird=1')).toThrow("unexpected key 'requird' in 'requird=1' (did you mean required?)");
});
