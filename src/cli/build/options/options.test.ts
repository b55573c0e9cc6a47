import { afterAll, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { parseAnnotation } from './annotation.ts';
import { parseAttestations } from './attest.ts';
import { parseCacheExport, parseCacheImport } from './cache.ts';
import { parseNamedContext } from './named-context.ts';
import { parseOutputs } from './output.ts';
import { parseSecrets, readSecret } from './secret.ts';
import { parseSshAgents } from './ssh.ts';

const folder = mkdtempSync('/tmp/skiff-options-');
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'token');
writeFileSync(file, 's3cret');
writeFileSync(join(folder, 'large'), Buffer.alloc(500 * 1024 + 1));
mkdirSync(join(folder, 'layout'));

describe('--secret', () => {
  test('names a file or a variable', () => {
    const env = { TOKEN: 'of the environment', only: 'by id' };
    const given = [
      `id=a,src=${file}`,
      'id=b,env=TOKEN',
      'id=c,type=env,source=TOKEN',
      'id=only',
      `type=file,id=e,source=${file}`,
    ];
    const secrets = parseSecrets(given, env);
    expect([...secrets].map(([id, source]) => [id, readSecret(source, env)?.toString()])).toEqual([
      ['a', 's3cret'],
      ['b', 'of the environment'],
      ['c', 'of the environment'],
      ['only', 'by id'],
      ['e', 's3cret'],
    ]);
    expect(readSecret({ kind: 'env', name: 'UNSET' }, env)).toBeUndefined();
  });

  for (const [text, problem] of [
    ['src=x', 'secret missing ID'],
    ['id', 'must be a key=value pair'],
    ['id=a,mode=4', "unexpected key 'mode'"],
    ['id=a,type=vault', '"vault" of type'],
    ['id=a,src=/dev/null/x', 'failed to stat /dev/null/x'],
    [`id=a,src=${join(folder, 'large')}`, 'too big. max size 500KB'],
  ] as const)
    test(`${text.replace(folder, '')} is refused`, () => expect(() => parseSecrets([text], {})).toThrow(problem));
});

test('--ssh is an agent’s socket, by default the user’s own', async () => {
  const socket = join(folder, 'agent');
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(socket, resolve));
  expect([...parseSshAgents(['default', `other=${socket}`], { SSH_AUTH_SOCK: socket })]).toEqual([
    ['default', { kind: 'socket', path: socket }],
    ['other', { kind: 'socket', path: socket }],
  ]);
  expect(() => parseSshAgents(['default'], {})).toThrow('make sure SSH_AUTH_SOCK is set');
  const refused = (text: string, problem: string) => expect(() => parseSshAgents([text], {})).toThrow(problem);
  refused(`k=${file}`, `failed to convert agent config for ID: "k": failed to parse ${file}: ssh: no key found`);
  refused('k=/no/file', 'failed to convert agent config for ID: "k": stat /no/file: no such file or directory');
  refused(`k=${socket},${socket}`, 'only single socket allowed');
  expect(() => parseSshAgents([`a=${socket}`, `a=${socket}`], {})).toThrow('duplicate agent ID "a"');
  server.close();
});

describe('--output', () => {
  const parse = (outputs: readonly string[], more: object = {}) =>
    parseOutputs({ outputs, push: false, load: false, tags: ['t:1'], ...more }, false);
  const cases: readonly (readonly [readonly string[], object, readonly object[]])[] = [
    [[], {}, [{ kind: 'image', names: ['t:1'], push: false }]],
    [[], { push: true }, [{ kind: 'image', names: ['t:1'], push: true }]],
    [['out'], {}, [{ kind: 'local', to: 'folder out' }]],
    [
      ['out'],
      { load: true },
      [
        { kind: 'local', to: 'folder out' },
        { kind: 'image', names: ['t:1'], push: false },
      ],
    ],
    [['-'], {}, [{ kind: 'tar', to: 'stdout' }]],
    [['type=local,dest=d,platform-split=false'], {}, [{ kind: 'local', platformSplit: false, to: 'folder d' }]],
    [['type=tar,dest=f.tar'], {}, [{ kind: 'tar', to: 'file f.tar' }]],
    [
      ['type=oci,dest=-', 'type=docker,dest=d.tar,name=n'],
      {},
      [
        { kind: 'oci', names: ['t:1'], to: 'stdout' },
        { kind: 'docker', names: ['n'], to: 'file d.tar' },
      ],
    ],
    [['type=docker'], {}, [{ kind: 'image', names: ['t:1'], push: false }]],
    [['type=image,"name=a,b",push=true'], {}, [{ kind: 'image', names: ['a', 'b'], push: true }]],
    [['type=image'], { push: true }, [{ kind: 'image', names: ['t:1'], push: true }]],
    [['type=registry'], {}, [{ kind: 'image', names: ['t:1'], push: true }]],
    [['type=cacheonly'], {}, [{ kind: 'cacheonly' }]],
    [
      ['type=image,compression=zstd,compression-level=22,force-compression=true,oci-mediatypes=false'],
      {},
      [
        {
          kind: 'image',
          names: ['t:1'],
          push: false,
          format: { compression: 'zstd', compressionLevel: 22, forceCompression: true, ociTypes: false },
        },
      ],
    ],
    [
      ['type=oci,dest=x,compression-level=0'],
      {},
      [{ kind: 'oci', names: ['t:1'], to: 'file x', format: { compressionLevel: 0, forceCompression: false } }],
    ],
  ];
  for (const [outputs, more, expected] of cases)
    test(`${outputs.join(' ')} ${JSON.stringify(more)}`, () => {
      const found = parse(outputs, more).map(({ asked, destination: to }) => ({
        ...asked,
        ...(to && { to: to.kind === 'stdout' ? to.kind : `${to.kind} ${to.path}` }),
      }));
      expect(found).toEqual(expected as typeof found);
    });

  for (const [outputs, more, problem] of [
    [['type=local'], {}, 'dest is required for local output'],
    [['dest=x'], {}, 'type is required for output'],
    [['type=zip,dest=x'], {}, '"zip" of type'],
    [['type=image,compression=estargz'], {}, 'compression=estargz of --output is not supported'],
    [['type=image,compression=lzma'], {}, '"lzma" of compression'],
    [['type=image,compression-level=10'], {}, 'compression-level of gzip must be 0 to 9'],
    [['type=image,compression=zstd,compression-level=0'], {}, 'compression-level of zstd must be 1 to 22'],
    [['type=oci,dest=x,compression-level=fast'], {}, 'non-int value fast specified for compression-level'],
    [['type=local,dest=x,compression=gzip'], {}, 'the field compression of --output type=local is not supported'],
    [['type=image,unpack=true'], {}, 'the field unpack of --output type=image is not supported'],
    [[], { push: true, tags: [] }, 'tag is needed when pushing to registry'],
    [[], { push: true, load: true }, 'push and load may not be set together'],
  ] as const)
    test(`${outputs.join(' ')} ${JSON.stringify(more)} is refused`, () =>
      expect(() => parse(outputs, more)).toThrow(problem));

  test('no archive is written to a terminal', () =>
    expect(() => parseOutputs({ outputs: ['-'], push: false, load: false, tags: [] }, true)).toThrow(
      'dest file is required for tar exporter. refusing to write to console',
    ));
});

test('caches are registries, folders, or in the image; others are refused by name', () => {
  const folderOf = (given: string) => parseCacheImport(given);
  expect([folderOf('u/app:cache'), folderOf('type=registry,ref=r'), folderOf('type=local,src=d,tag=t')]).toEqual([
    { asked: { kind: 'registry', reference: 'u/app:cache' }, folder: '' },
    { asked: { kind: 'registry', reference: 'r' }, folder: '' },
    { asked: { kind: 'local', tag: 't', digest: '' }, folder: 'd' },
  ]);
  const common = { mode: 'min', imageManifest: true, ignoreError: false } as const;
  expect([
    parseCacheExport('type=inline'),
    parseCacheExport('r'),
    parseCacheExport('type=local,dest=d,mode=max'),
  ]).toEqual([
    { asked: { kind: 'inline' }, folder: '' },
    { asked: { kind: 'registry', reference: 'r', ...common }, folder: '' },
    { asked: { kind: 'local', tag: '', ...common, mode: 'max' }, folder: 'd' },
  ]);
  expect(() => parseCacheImport('type=gha')).toThrow('--cache-from type=gha is not supported');
  expect(() => parseCacheExport('type=local')).toThrow('dest is required in --cache-to');
  expect(() => parseCacheExport('type=registry,ref=r,compression=zstd')).toThrow('the field compression');
});

test('contexts besides the main one are folders, images, layouts and addresses', () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  const parse = (text: string) => parseNamedContext(text);
  expect(parse(`src=${folder}`)).toEqual({ asked: { name: 'src', source: { kind: 'tar' } }, folder });
  expect(parse('alpine::linux/arm64=docker-image://alpine:3').asked).toEqual({
    name: 'alpine',
    platform: 'linux/arm64',
    source: { kind: 'image', reference: 'alpine:3' },
  });
  expect(parse(`l=oci-layout://${folder}/layout:v1@${digest}`)).toEqual({
    asked: { name: 'l', source: { kind: 'oci-layout', tag: 'v1', digest } },
    folder: `${folder}/layout`,
  });
  expect(parse('g=https://host/r.git#main').asked.source).toEqual({ kind: 'remote', url: 'https://host/r.git#main' });
  expect(() => parse('noequals')).toThrow('expected key=value');
  for (const path of [`${folder}/missing`, file])
    expect(() => parse(`a=${path}`)).toThrow('failed to get build context path');
});

test('annotations have levels and platforms', () => {
  expect(parseAnnotation('a.b=c=d')).toEqual([{ level: 'manifest', key: 'a.b', value: 'c=d' }]);
  expect(parseAnnotation('index,manifest[linux/amd64]:k=v')).toEqual([
    { level: 'index', key: 'k', value: 'v' },
    { level: 'manifest', platform: 'linux/amd64', key: 'k', value: 'v' },
  ]);
  expect(() => parseAnnotation('nothing')).toThrow('expected key=value');
  expect(() => parseAnnotation('layer:k=v')).toThrow('"layer" of type');
});

test('attestations are given by --attest or in short', () => {
  const none = { attest: [], provenance: '', sbom: '' };
  const max = { mode: 'max', version: 'v1', builderId: '', reproducible: false } as const;
  expect(parseAttestations(none)).toEqual({});
  expect(parseAttestations({ ...none, provenance: 'true', sbom: 'generator=g' })).toEqual({
    provenance: max,
    sbom: { generator: 'g' },
  });
  expect(parseAttestations({ ...none, attest: ['type=provenance,mode=min,version=v0.2'] })).toEqual({
    provenance: { ...max, mode: 'min', version: 'v0.2' },
  });
  expect(parseAttestations({ ...none, provenance: 'false', sbom: 'false' })).toEqual({});
  expect(() => parseAttestations({ ...none, attest: ['type=sbom'], sbom: 'true' })).toThrow(
    'duplicate attestation field sbom',
  );
  expect(() => parseAttestations({ ...none, provenance: 'maybe' })).toThrow('must be true or false');
});
