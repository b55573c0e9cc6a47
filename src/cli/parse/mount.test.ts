import { expect, test } from 'bun:test';
import type { Mount } from '../../api/types/container.ts';
import { parseMount } from './mount.ts';
import { parseSecret } from './secret.ts';

const parse = (text: string): Mount => parseMount(text, (path) => `/here/${path}`);
const bind = 'type=bind,src=/a,dst=/b';

/** What docker 28.2 takes, and the bodies it sends; the last three are ours. */
test.each<[string, Mount]>([
  ['dst=/b', { Type: 'volume', Target: '/b' }],
  [bind, { Type: 'bind', Source: '/a', Target: '/b' }],
  ['type=BIND,source=./a,destination=/b,ro', { Type: 'bind', Source: '/here/./a', Target: '/b', ReadOnly: true }],
  ['type=bind,src= /a,dst=/b', { Type: 'bind', Source: ' /a', Target: '/b' }],
  ['type=foo,dst=/a', { Type: 'foo' as 'bind', Target: '/a' }],
  ['type=cluster,src=a,dst=/b', { Type: 'cluster', Source: 'a', Target: '/b' }],
  ['dst=/a,readonly=false', { Type: 'volume', Target: '/a' }],
  ['dst=/a,consistency=FOO', { Type: 'volume', Target: '/a', Consistency: 'foo' }],
  [`${bind},bind-nonrecursive`, { Type: 'bind', Source: '/a', Target: '/b', BindOptions: { NonRecursive: true } }],
  [
    `${bind},bind-recursive=disabled`,
    { Type: 'bind', Source: '/a', Target: '/b', BindOptions: { NonRecursive: true } },
  ],
  [
    `${bind},bind-recursive=readonly,readonly,bind-propagation=rprivate`,
    {
      Type: 'bind',
      Source: '/a',
      Target: '/b',
      ReadOnly: true,
      BindOptions: { ReadOnlyForceRecursive: true, Propagation: 'rprivate' },
    },
  ],
  [
    'type=image,src=a,dst=/b,image-subpath=x',
    { Type: 'image', Source: 'a', Target: '/b', ImageOptions: { Subpath: 'x' } },
  ],
  [
    'type=tmpfs,dst=/b,tmpfs-size=1m,tmpfs-mode=700',
    { Type: 'tmpfs', Target: '/b', TmpfsOptions: { SizeBytes: 1_048_576, Mode: 0o700 } },
  ],
  [`${bind},bind-create-src`, { Type: 'bind', Source: '/a', Target: '/b', BindOptions: { CreateMountpoint: true } }],
  [`${bind},bind-idmap`, { Type: 'bind', Source: '/a', Target: '/b', BindOptions: { IDMap: 'owner' } }],
  [`${bind},bind-idmap=uids=5-0-1`, { Type: 'bind', Source: '/a', Target: '/b', BindOptions: { IDMap: 'uids=5-0-1' } }],
])('%s is taken', (text, mount) => {
  expect(parse(text)).toEqual(mount);
});

/** Recorded from docker 28.2. */
test.each([
  ['', 'EOF'],
  ['foo', "invalid field 'foo' must be a key=value pair"],
  ['readonly', 'target is required'],
  ['type=bind', 'target is required'],
  ['type=,dst=/b', 'type is required'],
  ['dst=/a,foo=1', "unexpected key 'foo' in 'foo=1'"],
  ['type=bind,src=/a, dst=/b', "unexpected key ' dst' in ' dst=/b'"],
  ['type=tmpfs,dst=/b,tmpfs-options=a', "unexpected key 'tmpfs-options' in 'tmpfs-options=a'"],
  ['dst=/a,readonly=', 'invalid value for readonly: '],
  ['dst=/a,ro=2', 'invalid value for ro: 2'],
  ['dst=/a,volume-nocopy=x', 'invalid value for volume-nocopy: x'],
  ['type=tmpfs,dst=/b,tmpfs-size=foo', 'invalid value for tmpfs-size: foo'],
  ['type=tmpfs,dst=/b,tmpfs-mode=9', 'invalid value for tmpfs-mode: 9'],
  ['dst=/a,bind-propagation=rshared', "cannot mix 'bind-*' options with mount type 'volume'"],
  [
    `${bind},bind-recursive=foo`,
    'invalid value for bind-recursive: foo (must be "enabled", "disabled", "writable", or "readonly")',
  ],
  [
    `${bind},bind-recursive=writable`,
    "option 'bind-recursive=writable' requires 'readonly' to be specified in conjunction",
  ],
  [
    `${bind},bind-recursive=readonly,readonly`,
    "option 'bind-recursive=readonly' requires 'bind-propagation=rprivate' to be specified in conjunction",
  ],
])('%s is refused: %s', (text, reason) => {
  expect(() => parse(text)).toThrow(reason);
});

test('a secret is a name, or fields', () => {
  const plain = { UID: '0', GID: '0', Mode: 0o444 };
  expect(parseSecret('token')).toEqual({ Source: 'token', Target: 'token', ...plain });
  expect(parseSecret('src=token,target=/etc/t,uid=1,gid=2,mode=0400')).toEqual({
    Source: 'token',
    Target: '/etc/t',
    UID: '1',
    GID: '2',
    Mode: 0o400,
  });
  expect(() => parseSecret('source=a,mode=9')).toThrow('invalid mode specified: 9');
  expect(() => parseSecret('source=a,b')).toThrow("invalid field 'b' must be a key=value pair");
});
