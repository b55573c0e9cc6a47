import { describe, expect, test } from 'bun:test';
import { parseCdiSpec } from './cdi-spec.ts';
import { editsFor, findDevices, isAllowedToAll, toRegistry } from './registry.ts';

const device = (name: string, more: object = {}) => ({ name, containerEdits: { env: [`D_${name}=1`] }, ...more });
const spec = (kind: string, devices: readonly object[], more: object = {}) =>
  parseCdiSpec({ cdiVersion: '0.8.0', kind, devices, ...more });
const annotated = { annotations: { 'org.mobyproject.buildkit.device.class': 'big' } };
const free = { annotations: { 'org.mobyproject.buildkit.device.autoallow': 'true' } };

const registry = toRegistry([
  {
    priority: 0,
    path: 'a.json',
    spec: spec('v.test/gpu', [device('one'), device('two', annotated)], { containerEdits: { env: ['ALL=1'] } }),
  },
  { priority: 0, path: 'b.json', spec: spec('v.test/net', [device('x', free), device('clash')]) },
  { priority: 0, path: 'c.json', spec: spec('v.test/net', [device('clash')]) },
  { priority: 1, path: 'd.json', spec: spec('v.test/gpu', [device('one', { containerEdits: { env: ['NEAR=1'] } })]) },
]);

describe('which devices there are', () => {
  test('a later folder stands in front; two of one priority are neither', () => {
    expect(registry.names).toEqual(['v.test/gpu=one', 'v.test/gpu=two', 'v.test/net=x']);
    expect(registry.problems).toEqual(['conflicting device v.test/net=clash']);
    expect(editsFor(registry, ['v.test/gpu=one']).env).toEqual(['NEAR=1']);
  });

  test('what all devices of a file need comes once, before what each needs', () => {
    const two = toRegistry([
      {
        priority: 0,
        path: '',
        spec: spec('v.test/d', [device('a'), device('b')], { containerEdits: { env: ['ALL=1'] } }),
      },
    ]);
    expect(editsFor(two, ['v.test/d=a', 'v.test/d=b']).env).toEqual(['ALL=1', 'D_a=1', 'D_b=1']);
  });

  test('one that is missing is an error that names it and what was wrong with files', () => {
    expect(() => editsFor(registry, ['v.test/net=clash', 'v.test/gpu=one'])).toThrow(
      'CDI device injection failed: unresolvable CDI devices v.test/net=clash (conflicting device v.test/net=clash)',
    );
  });
});

describe('which devices a RUN means', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['v.test/gpu', ['v.test/gpu=one']],
    ['v.test/gpu=*', ['v.test/gpu=one', 'v.test/gpu=two']],
    ['v.test/gpu=two', ['v.test/gpu=two']],
    ['v.test/gpu=big', ['v.test/gpu=two']],
    ['v.test/gpu=none', []],
    ['other.test/gpu', []],
  ];
  for (const [name, found] of cases)
    test(name, () => expect(findDevices(registry, { name, required: false })).toEqual(found));

  test('one that is required and missing, and what is no name, are errors', () => {
    expect(() => findDevices(registry, { name: 'v.test/gpu=none', required: true })).toThrow(
      'required device "v.test/gpu=none" is not registered',
    );
    expect(() => findDevices(registry, { name: 'gpu', required: false })).toThrow('invalid device "gpu"');
  });

  test('an annotation lets everyone have a device', () => {
    expect([isAllowedToAll(registry, 'v.test/net=x'), isAllowedToAll(registry, 'v.test/gpu=one')]).toEqual([
      true,
      false,
    ]);
  });
});

describe('a file that is wrong is refused', () => {
  const good = { cdiVersion: '0.6.0', kind: 'v.test/d', devices: [device('a')] };
  const edits = (containerEdits: object) => ({ ...good, devices: [{ name: 'a', containerEdits }] });
  const cases: readonly (readonly [string, unknown, string])[] = [
    ['no object', [], 'is no object'],
    ['its version', { ...good, cdiVersion: '7' }, 'invalid cdiVersion "7"'],
    ['its kind', { ...good, kind: 'gpu' }, 'invalid kind "gpu"'],
    ['no devices', { ...good, devices: [] }, 'no devices'],
    ['a device twice', { ...good, devices: [device('a'), device('a')] }, 'a device has two entries'],
    ['a name', { ...good, devices: [device('a/b')] }, 'invalid device name "a/b"'],
    ['a hook', edits({ hooks: [{ hookName: 'never', path: '/x' }] }), 'invalid hook name "never"'],
    ['a hook’s path', edits({ hooks: [{ hookName: 'poststop', path: 'x' }] }), 'path "x" is not an absolute path'],
    ['a node’s type', edits({ deviceNodes: [{ path: '/dev/x', type: 'p' }] }), 'invalid type "p"'],
    ['permissions', edits({ deviceNodes: [{ path: '/dev/x', permissions: 'rx' }] }), 'invalid permissions "rx"'],
    ['environment', edits({ env: ['X'] }), 'invalid environment variable "X"'],
    ['a network device', edits({ netDevices: [{}] }), 'netDevices of a CDI specification is not supported'],
  ];
  for (const [title, document, message] of cases)
    test(title, () => expect(() => parseCdiSpec(document)).toThrow(message));
});
