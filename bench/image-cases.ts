import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { tarOf } from '../test/fixtures/images.ts';
import { type LocalRegistry, startRegistry } from '../test/fixtures/registry.ts';
import type { Case } from './cases.ts';
import { docker, type Engine } from './engines.ts';

const MB = 1_000_000;
const ROUNDS = 5;
const CONFIG_TYPE = 'application/vnd.docker.container.image.v1+json';
const MANIFEST_TYPE = 'application/vnd.docker.distribution.manifest.v2+json';
const LAYER_TYPE = 'application/vnd.docker.image.rootfs.diff.tar.gzip';

/** Moving images, and the two registries (Debian's docker-registry) that they move from and to. */
export interface ImageCases extends AsyncDisposable {
  readonly registries: readonly string[];
  readonly cases: readonly Case[];
}

export async function createImageCases(): Promise<ImageCases> {
  const [from, to] = await Promise.all([startRegistry(), startRegistry()]);
  const scratch = mkdtempSync(join(tmpdir(), 'skb-images-'));
  const mixed = (round: number): readonly Uint8Array[] => mixedFiles(round).map(tarOf);
  const pulled = onceEach((round) => putImage(from, `mixed-${round}`, mixed(round)));
  const pushed = onceEach((round) => putImage(from, `pushed-${round}`, mixed(ROUNDS + 1 + round)));
  const many = onceEach((round) => putImage(from, `many-${round}`, manyLayers()));
  const here = ({ name }: Engine, round: number): string => `${to.host}/${name}-${round}`;
  const saved = join(scratch, 'saved.tar');
  const archives = onceEach(async (round) =>
    writeArchive(join(scratch, `${round}.tar`), mixed(2 * ROUNDS + 2 + round)),
  );
  const cases: readonly Case[] = [
    {
      name: 'image pull: layers of 60 MB random, 4,000 files, 60 MB of text',
      rounds: ROUNDS,
      target: 0.6,
      // Another one each time: a file system is slow to make files where many have just been deleted.
      prepare: async (_engine, round) => void (await pulled(round)),
      run: async (engine, round) => void docker(engine, 'pull', '-q', await pulled(round)),
    },
    {
      name: 'image pull: 20 layers',
      rounds: ROUNDS,
      target: 0.5,
      prepare: async (_engine, round) => void (await many(round)),
      run: async (engine, round) => void docker(engine, 'pull', '-q', await many(round)),
    },
    {
      name: 'image push, just built',
      rounds: ROUNDS,
      target: 0.7,
      prepare: (engine, round) => build(engine, join(scratch, `${round}`), round, `${here(engine, round)}-built`),
      run: (engine, round) => void docker(engine, 'push', '-q', `${here(engine, round)}-built`),
    },
    {
      // Another registry than the one it came from, and content that it never had: nothing can be mounted.
      name: 'image push, pulled from another registry',
      rounds: ROUNDS,
      target: 0.3,
      prepare: async (engine, round) => {
        const name = await pushed(round);
        docker(engine, 'pull', '-q', name);
        docker(engine, 'tag', name, here(engine, round));
      },
      run: (engine, round) => void docker(engine, 'push', '-q', here(engine, round)),
    },
    {
      // What is loaded was never there: see the pulls.
      name: 'image save + load of another',
      rounds: ROUNDS,
      target: 0.7,
      prepare: async (engine, round) => {
        docker(engine, 'pull', '-q', await pulled(round));
        await archives(round);
      },
      run: async (engine, round) => {
        docker(engine, 'save', '-o', saved, await pulled(round));
        docker(engine, 'load', '-q', '-i', await archives(round));
      },
    },
  ];
  return {
    registries: [from.host, to.host],
    cases,
    async [Symbol.asyncDispose]() {
      rmSync(scratch, { recursive: true, force: true });
      await Promise.all([from[Symbol.asyncDispose](), to[Symbol.asyncDispose]()]);
    },
  };
}

/** Made at first use, then the same for every engine. */
function onceEach(make: (round: number) => Promise<string>): (round: number) => Promise<string> {
  const made = new Map<number, Promise<string>>();
  return (round) => {
    const known = made.get(round) ?? make(round);
    made.set(round, known);
    return known;
  };
}

type Files = Readonly<Record<string, Uint8Array | string>>;

/** The files of the three layers; each round has its own. */
function mixedFiles(round: number): readonly Files[] {
  const small = Array.from({ length: 4000 }, (_none, index) => [
    `folder-${index % 40}/file-${index}`,
    `round ${round}, file ${index}\n`.repeat(1 + (index % 100)),
  ]);
  return [{ random: randomBytes(60 * MB) }, Object.fromEntries(small), { text: Buffer.alloc(60 * MB, textOf(round)) }];
}

/** 1 MB of words in no order: packed to about a quarter, as programs and texts are. */
function textOf(round: number): string {
  const words = Array.from({ length: 4096 }, (_none, index) =>
    createHash('sha256')
      .update(`${round}/${index}`)
      .digest('base64')
      .slice(0, 3 + (index % 8)),
  );
  const choice = randomBytes(2 * 130_000);
  return Array.from({ length: 130_000 }, (_none, index) => words[choice.readUInt16LE(index * 2) % 4096]).join(' ');
}

function manyLayers(): readonly Uint8Array[] {
  return Array.from({ length: 20 }, (_none, layer) => {
    const small = Array.from({ length: 100 }, (_other, index) => [`layer-${layer}/${index}`, `${index}\n`.repeat(500)]);
    return tarOf({ ...Object.fromEntries(small), [`data-${layer}`]: randomBytes(2 * MB) });
  });
}

function configOf(tars: readonly Uint8Array[]): Buffer {
  const diffIds = tars.map((tar) => `sha256:${createHash('sha256').update(tar).digest('hex')}`);
  const rootfs = { type: 'layers', diff_ids: diffIds };
  return Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', config: { Cmd: ['/x'] }, rootfs }));
}

/** As `docker save` of old writes it. */
function writeArchive(path: string, tars: readonly Uint8Array[]): string {
  const layers = Object.fromEntries(tars.map((tar, index) => [`${index}/layer.tar`, tar]));
  const manifest = [{ Config: 'config.json', RepoTags: null, Layers: Object.keys(layers) }];
  writeFileSync(path, tarOf({ 'config.json': configOf(tars), ...layers, 'manifest.json': JSON.stringify(manifest) }));
  return path;
}

async function putImage(registry: LocalRegistry, repository: string, tars: readonly Uint8Array[]): Promise<string> {
  const layers = [];
  for (const tar of tars) {
    const bytes = gzipSync(tar);
    layers.push({ mediaType: LAYER_TYPE, size: bytes.length, digest: await registry.putBlob(repository, bytes) });
  }
  const config = configOf(tars);
  const digest = await registry.putBlob(repository, config);
  await registry.putManifest(repository, 'latest', MANIFEST_TYPE, {
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: { mediaType: CONFIG_TYPE, size: config.length, digest },
    layers,
  });
  return `${registry.host}/${repository}:latest`;
}

/** By the classic builder, which every engine has: one COPY a layer. */
function build(engine: Engine, folder: string, round: number, name: string): void {
  const layers = mixedFiles(round);
  for (const [index, files] of layers.entries())
    for (const [path, content] of Object.entries(files)) {
      const full = join(folder, `${index}`, path);
      mkdirSync(join(full, '..'), { recursive: true });
      writeFileSync(full, content);
    }
  writeFileSync(
    join(folder, 'Dockerfile'),
    `FROM scratch\n${layers.map((_files, index) => `COPY ${index} /${index}/\n`).join('')}CMD ["/x"]\n`,
  );
  docker(engine, 'build', '-q', '-t', name, folder);
  rmSync(folder, { recursive: true, force: true });
}
