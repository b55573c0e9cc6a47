import { describe, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { imageArchive } from '../../scripts/images/archive.ts';
import { busyboxRoot } from '../../scripts/images/busybox.ts';
import { upstreamVersion } from '../../scripts/images/recipe.ts';
import { directories, mergeTrees, type TreeNode, textFiles, treeTar } from '../../scripts/images/tree.ts';
import { parseImageDocument } from '../../src/oci/image-config.ts';
import { parseManifest } from '../../src/oci/manifest.ts';
import { fileOf, readTar } from './read-tar.ts';

const IMAGE = {
  root: textFiles({ 'etc/motd': 'hello\n' }),
  config: { Cmd: ['sh'] },
  architecture: 'amd64',
  createdSeconds: 1_700_000_000,
  name: 'small',
  tags: ['1.2', 'latest'],
  createdBy: 'small 1.2-3',
};

describe('treeTar', () => {
  test('entries are sorted, have their parents before them, and hard links come last', () => {
    const link: [string, TreeNode] = ['bin/[', { kind: 'hardLink', target: 'bin/tool' }];
    const tree = mergeTrees(textFiles({ 'z/deep/er': '1', 'bin/tool': '2' }), new Map([link]));
    const names = readTar(treeTar(tree, 7)).map(({ header }) => header.name);
    expect(names).toEqual(['bin/', 'bin/tool', 'z/', 'z/deep/', 'z/deep/er', 'bin/[']);
  });

  test('the order in which a tree was made does not change the bytes', () => {
    const [a, b] = [textFiles({ a: '1' }), textFiles({ b: '2' })];
    expect(treeTar(mergeTrees(a, b), 7)).toEqual(treeTar(mergeTrees(b, a), 7));
  });

  test('every entry belongs to root, has the given date and its mode', () => {
    const entries = readTar(treeTar(directories({ tmp: 0o1777, root: 0o700 }), 1_600_000_000));
    expect(entries.map(({ header: { name, mode, mtime, uid, gid } }) => [name, mode, mtime, uid, gid])).toEqual([
      ['root/', 0o700, 1_600_000_000, 0, 0],
      ['tmp/', 0o1777, 1_600_000_000, 0, 0],
    ]);
  });
});

describe('imageArchive', () => {
  test('the layout and manifest.json name the same image, and every blob is what it is called', () => {
    const archive = imageArchive(IMAGE);
    const [entry] = JSON.parse(fileOf(archive, 'manifest.json').toString());
    const index = parseManifest(fileOf(archive, 'index.json'));
    if (index.kind !== 'index') throw new Error('index.json is no index');
    const names = new Set(index.manifests.map(({ digest }) => digest));
    expect(names.size).toBe(1);
    const [digest] = [...names];
    const manifest = parseManifest(fileOf(archive, `blobs/${String(digest).replace(':', '/')}`));
    if (manifest.kind !== 'manifest') throw new Error('no manifest');
    expect(entry.Config).toBe(`blobs/${manifest.config.digest.replace(':', '/')}`);
    expect(entry.Layers).toEqual(manifest.layers.map((layer) => `blobs/${layer.digest.replace(':', '/')}`));
    expect(entry.RepoTags).toEqual(['small:1.2', 'small:latest']);
    for (const { header, content } of readTar(archive)) {
      const blob = /^blobs\/sha256\/(\w+)$/.exec(header.name)?.[1];
      if (blob) expect(createHash('sha256').update(content).digest('hex')).toBe(blob);
    }
  });

  test('the config says when and from what, and its diff id is the digest of the layer', () => {
    const archive = imageArchive(IMAGE);
    const [entry] = JSON.parse(fileOf(archive, 'manifest.json').toString());
    const document = parseImageDocument(fileOf(archive, entry.Config));
    expect(document).toMatchObject({
      created: '2023-11-14T22:13:20Z',
      platform: { os: 'linux', architecture: 'amd64' },
      config: { Cmd: ['sh'] },
      history: [{ createdBy: 'small 1.2-3' }],
    });
    expect(document.diffIds.map((id) => `blobs/${id.replace(':', '/')}`)).toEqual(entry.Layers);
  });

  test('a new date makes another image', () => {
    expect(imageArchive(IMAGE)).toEqual(imageArchive(IMAGE));
    expect(imageArchive({ ...IMAGE, createdSeconds: 1 })).not.toEqual(imageArchive(IMAGE));
  });
});

test('the busybox root has a shell, accounts that nobody can log in to with a password, and a /tmp for all', () => {
  const root = busyboxRoot({ binary: Buffer.from('program'), applets: ['[', 'busybox', 'sh'] });
  expect(root.get('bin/busybox')).toEqual({ kind: 'file', content: Buffer.from('program'), mode: 0o755 });
  expect(root.get('bin/sh')).toEqual({ kind: 'hardLink', target: 'bin/busybox' });
  expect(root.get('bin/[')).toEqual({ kind: 'hardLink', target: 'bin/busybox' });
  expect(root.get('tmp')).toEqual({ kind: 'directory', mode: 0o1777 });
  const text = (path: string): string => {
    const node = root.get(path);
    return node?.kind === 'file' ? Buffer.from(node.content).toString() : '';
  };
  expect(text('etc/passwd')).toStartWith('root:x:0:0:root:/root:/bin/sh\n');
  expect(text('etc/group')).toContain('\nwheel:x:10:root\n');
  const shadow = text('etc/shadow').trim().split('\n');
  expect(shadow.length).toBe(text('etc/passwd').trim().split('\n').length);
  for (const line of shadow) expect(line).toMatch(/^[\w-]+:\*:/);
});

test.each([
  ['1:1.35.0-4+deb12u1+b1', '1.35.0'],
  ['1.22.1-9+deb12u11', '1.22.1'],
  ['1.24.0-2ubuntu7.5', '1.24.0'],
  ['1:1.2.13.dfsg-1', '1.2.13.dfsg'],
  ['3.0.22-1~deb12u2', '3.0.22'],
])('the upstream version of %s is %s', (debian, upstream) => {
  expect(upstreamVersion(debian)).toBe(upstream);
});
