import { describe, expect, test } from 'bun:test';
import type { Mount } from '../../api/types/container.ts';
import type { MountRecord } from '../../store/record/container-records.ts';
import { withPropagation } from './daemon-root.ts';
import { swapIds } from './mount-mode.ts';
import { parseBind, parseMount, parseVolumesFrom, planMounts } from './mounts.ts';
import { formatTmpfsSize, mergeTmpfsOptions } from './tmpfs-options.ts';

describe('-v', () => {
  test.each([
    ['/a:/b', { kind: 'bind', source: '/a', destination: '/b', readOnly: false, mode: '', createSource: true }],
    ['/a/../c/:/b/', { kind: 'bind', source: '/c', destination: '/b' }],
    ['/a:/b:', { kind: 'bind', mode: '' }],
    ['/a:/b:ro,Z', { kind: 'bind', readOnly: true, mode: 'ro,Z', recursiveReadOnly: true }],
    ['/a:/b:rshared,ro,z,cached', { kind: 'bind', readOnly: true, propagation: 'rshared' }],
    ['/a:/b:idmap', { kind: 'bind', idMapping: { kind: 'owner' } }],
    ['/a:/b:ro,idmap=uids=5-0-1', { idMapping: { kind: 'ranges', uids: [{ disk: 5, seen: 0, count: 1 }] } }],
    ['data:/b', { kind: 'volume', name: 'data', anonymous: false, copyUp: true, mode: 'z', readOnly: false }],
    ['data:/b:ro,nocopy', { kind: 'volume', readOnly: true, copyUp: false, mode: 'ro,nocopy' }],
    ['./a:/b', { kind: 'volume', name: './a' }],
    ['/b', { kind: 'volume', name: '', anonymous: true, mode: 'z' }],
  ])('%s is taken', (spec, record) => {
    expect(parseBind(spec)).toMatchObject(record as Partial<MountRecord>);
  });

  const unusable = (text: string, why = ''): [string, string] => [
    text,
    `invalid volume specification: '${text}'${why}`,
  ];
  test.each([
    unusable('a:b:c:d'),
    unusable('/x:ro'),
    unusable('::'),
    unusable(':/x'),
    unusable('x', `: invalid mount config for type "volume": invalid mount path: 'x' mount path must be absolute`),
    unusable('/a:b', `: invalid mount config for type "bind": invalid mount path: 'b' mount path must be absolute`),
    unusable('/a:/', `: invalid mount config for type "bind": invalid specification: destination can't be '/'`),
    unusable('/a:/x:nocopy', ': invalid mount config for type "bind": field VolumeOptions must not be specified'),
    unusable('aa:/x:rslave', ': invalid mount config for type "volume": field BindOptions must not be specified'),
    ['/a:/b:nope', 'invalid mode: nope'],
    ['/a:/b:ro,rw', 'invalid mode: ro,rw'],
    ['/a:/b:ro,ro', 'invalid mode: ro,ro'],
    ['/a:/b:z,Z', 'invalid mode: z,Z'],
    ['/a:/b:idmap,idmap', 'invalid mode: idmap,idmap'],
    ['/a:/b:idmap=foo', "invalid idmap 'foo'"],
    ['/a:/b:idmap=uids=1-2-0', "'1-2-0' is not DISK-SEEN-COUNT"],
    ['/a:/b:idmap=uids=1-2-3#2-9-1', 'ranges overlap'],
  ])('%s is refused', (spec, text) => {
    expect(() => parseBind(spec)).toThrow(text);
  });
});

describe('--mount', () => {
  const bind = { Type: 'bind', Source: '/s', Target: '/t', ReadOnly: true } as const;
  test.each<[Mount, object]>([
    [bind, { kind: 'bind', source: '/s', readOnly: true, recursiveReadOnly: true, createSource: false, mode: '' }],
    [{ ...bind, Consistency: 'whatever' }, { kind: 'bind' }],
    [{ ...bind, BindOptions: { ReadOnlyNonRecursive: true } }, { recursiveReadOnly: false }],
    [
      { ...bind, BindOptions: { NonRecursive: true } },
      { recursiveReadOnly: false, nonRecursive: true },
    ],
    [{ ...bind, BindOptions: { ReadOnlyForceRecursive: true } }, { recursiveReadOnly: true }],
    [{ ...bind, BindOptions: { CreateMountpoint: true } }, { createSource: true }],
    [{ ...bind, BindOptions: { IDMap: 'owner' } }, { idMapping: { kind: 'owner' } }],
    [
      { Type: 'volume', Source: 'vv', Target: '/x', ReadOnly: true },
      { name: 'vv', readOnly: true, mode: 'z' },
    ],
    [
      { Type: 'volume', Target: '/x', VolumeOptions: { NoCopy: true } },
      { anonymous: true, copyUp: false },
    ],
    [{ Type: 'volume', Source: 'v', Target: '/x', VolumeOptions: { Subpath: 'a/../b' } }, { subpath: 'a/../b' }],
    [{ Type: 'volume', Source: 'v', Target: '/x', VolumeOptions: { DriverConfig: { Name: 'p' } } }, { driver: 'p' }],
    [
      { Type: 'tmpfs', Target: '/x', ReadOnly: true, TmpfsOptions: { SizeBytes: 2 ** 20, Mode: 0o700 } },
      { options: ['ro', 'mode=700', 'size=1m'] },
    ],
    [{ Type: 'tmpfs', Target: '/x', TmpfsOptions: { Options: [['exec']] } }, { options: ['exec'] }],
    [
      { Type: 'image', Source: 'busybox', Target: '/i', ImageOptions: { Subpath: 'bin' } },
      { kind: 'image', subpath: 'bin' },
    ],
    [
      { Type: 'bind', Source: '/tmp/../tmp/', Target: '/x/../y/' },
      { source: '/tmp', destination: '/y' },
    ],
  ])('%j is taken', (mount, record) => {
    expect(parseMount(mount)).toMatchObject(record);
  });

  const refused = (type: string, why: string): string => `invalid mount config for type "${type}": ${why}`;
  const absolute = (path: string): string => `invalid mount path: '${path}' mount path must be absolute`;
  const extra = (field: string): string => `field ${field} must not be specified`;
  test.each<[Mount, string]>([
    [{ Type: 'bind', Source: 'nope', Target: '/x' }, refused('bind', absolute('nope'))],
    [{ Type: 'bind', Target: '/x' }, refused('bind', 'field Source must not be empty')],
    [{ Type: 'bind', Source: '/tmp', Target: 'x' }, refused('bind', absolute('x'))],
    [{ Type: 'bind', Source: '/tmp' }, refused('bind', 'field Target must not be empty')],
    [{ Type: 'bind', Source: '/tmp', Target: '/' }, refused('bind', "invalid specification: destination can't be '/'")],
    [{ Type: 'foo' as 'bind', Target: '/x' }, refused('foo', 'mount type unknown')],
    [{ Target: '/x' }, refused('', 'mount type unknown')],
    [{ Type: 'npipe', Source: 'a', Target: '/x' }, refused('npipe', 'mount type unknown')],
    [{ Type: 'bind', Source: '/a', Target: '/x', VolumeOptions: {} }, refused('bind', extra('VolumeOptions'))],
    [{ Type: 'tmpfs', Target: '/x', BindOptions: {} }, refused('tmpfs', extra('BindOptions'))],
    [{ Type: 'volume', Target: '/x', BindOptions: {} }, refused('volume', extra('BindOptions'))],
    [{ Type: 'tmpfs', Source: '/a', Target: '/x' }, refused('tmpfs', extra('Source'))],
    [{ Type: 'tmpfs', Target: '/x', TmpfsOptions: { Options: [['foo']] } }, refused('tmpfs', 'invalid option: foo')],
    [{ Type: 'tmpfs', Target: '/x', TmpfsOptions: { Options: [[]] } }, refused('tmpfs', 'invalid option array length')],
    [{ ...bind, BindOptions: { Propagation: 'foo' as 'shared' } }, refused('bind', 'invalid propagation mode: foo')],
    [
      { Type: 'volume', Target: '/x', ReadOnly: true },
      refused('volume', 'must not set ReadOnly mode when using anonymous volumes'),
    ],
    [
      { Type: 'volume', Target: '/x', VolumeOptions: { Subpath: 'a' } },
      refused('volume', 'must not set Subpath when using anonymous volumes'),
    ],
    [
      { Type: 'volume', Source: 'v', Target: '/x', VolumeOptions: { Subpath: 'a/../../b' } },
      refused('volume', 'subpath must be a relative path within the volume'),
    ],
    [
      { Type: 'image', Source: 'v', Target: '/x', ImageOptions: { Subpath: '/a' } },
      refused('image', 'subpath must be a relative path within the volume'),
    ],
    [{ Type: 'image', Target: '/x' }, refused('image', 'field Source must not be empty')],
    [
      { ...bind, ReadOnly: false, BindOptions: { ReadOnlyForceRecursive: true } },
      refused('bind', 'mount options conflict: !ReadOnly && BindOptions.ReadOnlyForceRecursive'),
    ],
    [
      { ...bind, ReadOnly: false, BindOptions: { ReadOnlyNonRecursive: true } },
      refused('bind', 'mount options conflict: !ReadOnly && BindOptions.ReadOnlyNonRecursive'),
    ],
    [
      { ...bind, BindOptions: { ReadOnlyForceRecursive: true, Propagation: 'rslave' } },
      'Propagation != rprivate && BindOptions.ReadOnlyForceRecursive',
    ],
  ])('%j is refused', (mount, text) => {
    expect(() => parseMount(mount)).toThrow(text);
  });
});

describe('a whole request', () => {
  test('the same place twice is refused, an image volume under a bind is left out, a relative one is below the root', () => {
    expect(() => planMounts({ Binds: ['/a:/x', '/b:/x'] }, {}, [])).toThrow('Duplicate mount point: /x');
    expect(() => planMounts({ Binds: ['/a:/x'], Tmpfs: { '/x': '' } }, {}, [])).toThrow('Duplicate mount point: /x');
    expect(planMounts({ Binds: ['/a:/x'] }, { Volumes: { '/x': {}, y: {} } }, [])).toMatchObject([
      { kind: 'bind', destination: '/x' },
      { kind: 'volume', destination: '/y', anonymous: true, mode: '' },
    ]);
  });

  test('a tmpfs of Mounts lies on top of one of Tmpfs', () => {
    const tmpfs: Mount = { Type: 'tmpfs', Target: '/x', TmpfsOptions: { SizeBytes: 4096 } };
    expect(planMounts({ Mounts: [tmpfs], Tmpfs: { '/x/': 'size=1m', '/y': '' } }, {}, [])).toMatchObject([
      { destination: '/x', options: ['size=4k'], listed: true },
      { destination: '/y', options: [] },
    ]);
  });

  test('the driver of --volume-driver keeps volumes without one, not binds', () => {
    expect(planMounts({ Binds: ['/a:/x', 'data:/y'], VolumeDriver: 'p' }, { Volumes: { '/z': {} } }, [])).toMatchObject(
      [{ kind: 'bind' }, { kind: 'volume', driver: 'p' }, { kind: 'volume', driver: 'p' }],
    );
  });

  test.each([
    ['a', { container: 'a', readOnly: false }],
    ['a:ro', { container: 'a', readOnly: true }],
    ['a:rw,z', { container: 'a', readOnly: false }],
  ])('--volumes-from %s', (spec, parsed) => {
    expect(parseVolumesFrom(spec)).toEqual(parsed);
  });
  test.each([
    ['', 'volumes-from specification cannot be an empty string'],
    [':ro', 'invalid name or ID supplied: ""'],
    ['a:foo', 'invalid mode: foo'],
    ['a:nocopy', 'invalid mode: nocopy'],
    ['a:rslave', 'invalid mode: rslave'],
  ])('--volumes-from "%s" is refused', (spec, text) => {
    expect(() => parseVolumesFrom(spec)).toThrow(text);
  });

  test("volumes of other containers come along, read-only when asked, nobody's own, and are not filled again", () => {
    const mounts = planMounts({}, { Volumes: { '/v': {} } }, []);
    expect(planMounts({}, {}, [{ mounts, readOnly: true }])).toMatchObject([
      { destination: '/v', readOnly: true, anonymous: false, copyUp: false },
    ]);
  });

  test('a tmpfs of Mounts of another container comes along, empty and read-only when asked; one of Tmpfs does not', () => {
    const mounts = planMounts({ Mounts: [{ Type: 'tmpfs', Target: '/x' }], Tmpfs: { '/y': '' } }, {}, []);
    expect(planMounts({}, {}, [{ mounts, readOnly: false }])).toMatchObject([{ destination: '/x', options: [] }]);
    expect(planMounts({}, {}, [{ mounts, readOnly: true }])).toMatchObject([
      { destination: '/x', options: ['ro'], readOnly: true },
    ]);
  });

  test("what touches the engine's own folder is bound as a slave", () => {
    const of = (text: string): unknown => {
      const mount = withPropagation(parseBind(text), '/var/lib/engine');
      return mount.kind === 'bind' ? mount.propagation : undefined;
    };
    expect([of('/var:/x'), of('/:/x'), of('/var/lib/engine/d:/x'), of('/var/library:/x'), of('/tmp:/x')]).toEqual([
      'rslave',
      'rslave',
      'rslave',
      'rprivate',
      'rprivate',
    ]);
    expect(() => of('/var:/x:rprivate')).toThrow('must use either propagation mode "rslave" or "rshared"');
  });
});

test('options of a tmpfs: defaults, the later of two, nothing unknown', () => {
  expect(mergeTmpfsOptions(['exec', 'size=1m', 'size=2m', 'rw', 'ro', 'defaults'])).toEqual([
    'nosuid',
    'nodev',
    'exec',
    'size=2m',
    'ro',
  ]);
  for (const option of ['foo', 'size', 'bind', 'foo=1'])
    expect(() => mergeTmpfsOptions([option])).toThrow(`invalid tmpfs option "${option.split('=')[0]}"`);
  expect([2 ** 30, 3 * 2 ** 20, 1024, 1000].map(formatTmpfsSize)).toEqual(['1g', '3m', '1k', '1000']);
});

test('two ids change places and all others stay', () => {
  expect(swapIds(0, 1000)).toEqual([
    { disk: 0, seen: 1000, count: 1 },
    { disk: 1, seen: 1, count: 999 },
    { disk: 1000, seen: 0, count: 1 },
    { disk: 1001, seen: 1001, count: 0xffff_ffff - 1001 },
  ]);
  expect(swapIds(7, 7)).toHaveLength(1);
});
