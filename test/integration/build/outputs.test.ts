/** Where results go, what is written into them, and for which platforms. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startEngine, type TestEngine } from './in-process.ts';

let box: TestEngine;
let folders = 0;

beforeAll(async () => {
  box = await startEngine('sko');
}, 120_000);
afterAll(async () => await box.stop(), 120_000);

function unpack(tar: Buffer | undefined): string {
  const folder = join(box.root, `x${++folders}`);
  mkdirSync(folder);
  const { exitCode, stderr } = Bun.spawnSync(['tar', '-x', '-C', folder], { stdin: tar ?? Buffer.alloc(0) });
  if (exitCode !== 0) throw new Error(stderr.toString());
  return folder;
}

interface Manifest {
  readonly annotations?: Record<string, string>;
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly digest: string }[];
}

interface Index {
  readonly mediaType: string;
  readonly annotations?: Record<string, string>;
  readonly manifests: readonly {
    readonly digest: string;
    readonly annotations?: Record<string, string>;
    readonly platform?: { readonly os: string; readonly architecture: string };
  }[];
}

async function read<T>(digest: unknown): Promise<T> {
  return JSON.parse((await box.blob(String(digest))).toString()) as T;
}

const FILES = { Dockerfile: 'FROM scratch\nCOPY a b/ /out/\nLABEL own=1\n', a: 'A', 'b/c': 'C' };
const AMD = { os: 'linux', architecture: 'amd64' };
const ARM = { os: 'linux', architecture: 'arm64' };

describe('outputs', () => {
  test('the files of the target go to the client as they are, and no image is kept', async () => {
    const before = await box.get<unknown[]>('/images/json?all=1');
    const { error, received, result, events } = await box.build(FILES, {
      outputs: [
        { kind: 'local', platformSplit: undefined },
        { kind: 'tar', platformSplit: true },
      ],
    });
    expect([error, result]).toEqual([undefined, { imageId: undefined, metadata: {} }]);
    const [plain, split] = [unpack(received.get(0)), unpack(received.get(1))];
    expect(readFileSync(join(plain, 'out/a'), 'utf8') + readFileSync(join(plain, 'out/c'), 'utf8')).toBe('AC');
    expect([readdirSync(plain), readdirSync(split)]).toEqual([['out'], ['linux_amd64']]);
    expect(await box.get<unknown[]>('/images/json?all=1')).toEqual(before);
    expect(events.flatMap((event) => (event.kind === 'task' ? [event.name] : []))).toEqual([
      'exporting to client directory',
      'exporting to client tarball',
    ]);
  }, 60_000);

  test('files of a stage on a base have what the layers below have, hidden files not', async () => {
    const dockerfile = 'FROM busybox AS b\nRUN rm /bin/vi && chown 5:6 /etc/passwd\nFROM b\nCOPY a /z\n';
    const { received, error } = await box.build(
      { Dockerfile: dockerfile, a: 'A' },
      { outputs: [{ kind: 'tar', platformSplit: undefined }] },
    );
    expect(error).toBeUndefined();
    const folder = unpack(received.get(0));
    expect([readdirSync(folder).includes('z'), readdirSync(join(folder, 'bin')).includes('vi')]).toEqual([true, false]);
    expect(readdirSync(join(folder, 'bin')).includes('sh')).toBe(true);
  }, 60_000);

  test('an archive of an image is an OCI layout, or one that old readers know too; several outputs at once', async () => {
    const { error, received, result } = await box.build(FILES, {
      outputs: [
        { kind: 'oci', names: ['arch:1'] },
        { kind: 'docker', names: ['arch:2'] },
        { kind: 'image', names: ['kept:1', 'kept:2'], push: false },
      ],
    });
    expect(error).toBeUndefined();
    const [oci, docker] = [unpack(received.get(0)), unpack(received.get(1))];
    expect(readdirSync(oci).toSorted()).toEqual(['blobs', 'index.json', 'oci-layout']);
    const index = JSON.parse(readFileSync(join(oci, 'index.json'), 'utf8')) as Index;
    expect(index.manifests[0]?.annotations).toMatchObject({
      'io.containerd.image.name': 'docker.io/library/arch:1',
      'org.opencontainers.image.ref.name': '1',
    });
    const old = JSON.parse(readFileSync(join(docker, 'manifest.json'), 'utf8')) as { RepoTags: string[] }[];
    expect(old[0]?.RepoTags).toEqual(['arch:2']);
    const kept = await box.get<{ RepoTags: string[]; Id: string }>('/images/kept:1/json');
    expect([kept.RepoTags.toSorted(), kept.Id]).toEqual([['kept:1', 'kept:2'], result?.imageId ?? '']);
    expect(result?.metadata).toMatchObject({
      'containerimage.digest': index.manifests[0]?.digest,
      'containerimage.config.digest': (await read<Manifest>(result?.imageId)).config.digest,
      'containerimage.descriptor': { digest: index.manifests[0]?.digest },
      'image.name':
        'docker.io/library/arch:1,docker.io/library/arch:2,docker.io/library/kept:1,docker.io/library/kept:2',
    });
  }, 60_000);

  test('nothing is kept but the cache when that is all that is asked for', async () => {
    const { error, result, received } = await box.build(FILES, { outputs: [{ kind: 'cacheonly' }] });
    expect([error, result, received.size]).toEqual([undefined, { imageId: undefined, metadata: {} }, 0]);
  });

  test('with SOURCE_DATE_EPOCH every file that is sent has that time', async () => {
    const { received } = await box.build(FILES, {
      outputs: [{ kind: 'tar', platformSplit: undefined }],
      buildArgs: { SOURCE_DATE_EPOCH: '86400' },
    });
    const listed = Bun.spawnSync(['tar', '-tv', '--utc', '--full-time'], { stdin: received.get(0) ?? Buffer.alloc(0) });
    expect(new Set(listed.stdout.toString().match(/\d{4}-\d\d-\d\d/g))).toEqual(new Set(['1970-01-02']));
  });

  test('what does not go together is refused before anything is read', async () => {
    const docker = await box.build(FILES, { outputs: [{ kind: 'docker', names: [] }], platforms: [AMD, ARM] });
    const push = await box.build(FILES, { outputs: [{ kind: 'image', names: [], push: true }] });
    const index = await box.build(FILES, {
      annotations: [{ level: 'index', platform: undefined, key: 'k', value: 'v' }],
    });
    expect([docker.error, push.error, index.error]).toEqual([
      expect.stringContaining('docker exporter does not currently support exporting manifest lists'),
      expect.stringContaining('tag is needed when pushing to registry'),
      expect.stringContaining('index annotations not supported for single platform export'),
    ]);
  });
});

describe('annotations', () => {
  test('are written into the manifest and its descriptor', async () => {
    const { result } = await box.build(FILES, {
      annotations: [
        { level: 'manifest', platform: undefined, key: 'b', value: '1' },
        { level: 'manifest', platform: ARM, key: 'not', value: 'here' },
        { level: 'manifest', platform: AMD, key: 'a', value: '2' },
        { level: 'manifest-descriptor', platform: undefined, key: 'd', value: '3' },
      ],
    });
    expect((await read<Manifest>(result?.imageId)).annotations).toEqual({ a: '2', b: '1' });
    expect(result?.metadata['containerimage.descriptor']).toMatchObject({ annotations: { d: '3' } });
  });

  test('of an index are on each level', async () => {
    const { result } = await box.build(FILES, {
      platforms: [AMD, ARM],
      annotations: [
        { level: 'index', platform: undefined, key: 'i', value: '1' },
        { level: 'index-descriptor', platform: undefined, key: 'id', value: '2' },
        { level: 'manifest', platform: ARM, key: 'm', value: '3' },
        { level: 'manifest-descriptor', platform: undefined, key: 'md', value: '4' },
      ],
    });
    const index = await read<Index>(result?.imageId);
    expect(index.annotations).toEqual({ i: '1' });
    expect(index.manifests.map(({ annotations }) => annotations)).toEqual([{ md: '4' }, { md: '4' }]);
    const manifests = await Promise.all(index.manifests.map(async ({ digest }) => await read<Manifest>(digest)));
    expect(manifests.map(({ annotations }) => annotations)).toEqual([undefined, { m: '3' }]);
    expect(result?.metadata['containerimage.descriptor']).toMatchObject({ annotations: { id: '2' } });
  });
});

describe('several platforms', () => {
  test('are one index; each has its own variables, and the steps say which they are of', async () => {
    const dockerfile =
      'FROM --platform=$BUILDPLATFORM busybox AS tool\nARG TARGETPLATFORM\nRUN echo $TARGETPLATFORM > /t\nFROM scratch\nCOPY --from=tool /t /t\n';
    const { result, error, events, received } = await box.build(
      { Dockerfile: dockerfile },
      {
        platforms: [AMD, ARM],
        outputs: [
          { kind: 'image', names: ['both:1'], push: false },
          { kind: 'local', platformSplit: undefined },
        ],
      },
    );
    expect(error).toBeUndefined();
    const index = await read<Index>(result?.imageId);
    expect(index.manifests.map(({ platform }) => platform)).toEqual([AMD, ARM]);
    const folder = unpack(received.get(1));
    expect(['linux_amd64', 'linux_arm64'].map((name) => readFileSync(join(folder, name, 't'), 'utf8').trim())).toEqual([
      'linux/amd64',
      'linux/arm64',
    ]);
    const started = events.flatMap((event) => (event.kind === 'started' ? [event.vertex.platform] : []));
    expect(new Set(started)).toEqual(new Set(['linux/amd64', 'linux/arm64']));
    const planned = events.flatMap((event) => (event.kind === 'planned' ? [event.steps] : []));
    expect(planned).toEqual([started.length]);
    const { Architecture } = await box.get<{ Architecture: string }>('/images/both:1/json');
    expect(Architecture).toBe('amd64');
    const again = await box.build({ Dockerfile: dockerfile }, { platforms: [AMD, ARM] });
    expect(again.result?.imageId).toBe(result?.imageId);
  }, 60_000);

  test('a RUN that this machine cannot do says what is missing', async () => {
    // a program of another machine: an ELF header and nothing that could run
    const header = Buffer.alloc(64);
    Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]).copy(header);
    header.writeUInt16LE(2, 16);
    header.writeUInt16LE(183, 18);
    const { error } = await box.build(
      { Dockerfile: 'FROM scratch\nCOPY --chmod=755 sh /bin/sh\nRUN x\n', sh: header },
      { platforms: [{ os: 'linux', architecture: 'riscv64' }] },
    );
    expect(error).toContain('RUN for linux/riscv64 needs an emulator on this machine');
  }, 60_000);
});

describe('checks', () => {
  test('tell of what they find in the stages that are built', async () => {
    const dockerfile = 'from scratch AS other\nMAINTAINER x\nFROM scratch\nCOPY a /a\nWORKDIR x\n';
    const { error, events } = await box.build({ Dockerfile: dockerfile, a: '' });
    expect(error).toBeUndefined();
    expect(events.flatMap((event) => (event.kind === 'finding' ? [event.finding.rule] : []))).toEqual([
      'FromAsCasing',
      'MaintainerDeprecated',
      'ConsistentInstructionCasing',
      'WorkdirRelativePath',
    ]);
  });

  test('a file that the ignore file takes out is told of', async () => {
    const files = { Dockerfile: 'FROM scratch\nCOPY a b /x/\n', a: '', b: '', '.dockerignore': 'a\n' };
    const { events, error } = await box.build(files);
    expect(events.flatMap((event) => (event.kind === 'finding' ? [event.finding.rule] : []))).toEqual([
      'CopyIgnoredFile',
    ]);
    expect(error).toContain('excluded by .dockerignore');
  });

  test('fail the build when the Dockerfile says so', async () => {
    const { error, events } = await box.build({
      Dockerfile: '# check=error=true\nFROM scratch\nMAINTAINER x\nCOPY a /a\n',
      a: '',
    });
    expect(error).toContain('lint violation found for rules: MaintainerDeprecated');
    expect(events.some(({ kind }) => kind === 'started')).toBe(false);
  });
});

test('a build is ended by its id', async () => {
  const building = box.build({ Dockerfile: 'FROM busybox\nRUN sleep 60\n' }, { id: 'mine' });
  const running = async (): Promise<unknown[]> =>
    await box.get<unknown[]>(`/containers/json?filters=${encodeURIComponent('{"label":["skiff.build.step"]}')}`);
  while ((await running()).length === 0) await Bun.sleep(20);
  const cancel = async (query: string): Promise<number> => {
    const unix = join(box.root, 's');
    return (await fetch(`http://localhost/v1.51/build/cancel${query}`, { method: 'POST', unix })).status;
  };
  expect([await cancel(''), await cancel('?id=other')]).toEqual([500, 200]);
  expect(await running()).toHaveLength(1);
  expect(await cancel('?id=mine')).toBe(200);
  expect((await building).error).toContain('build canceled');
  expect([await running(), box.engine.builds.cancel('mine')]).toEqual([[], false]);
}, 60_000);
