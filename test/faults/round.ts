import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRegistryClient } from '../../src/distribution/create-registry-client.ts';
import { createImageService } from '../../src/engine/image/image-service.ts';
import type { ImageService } from '../../src/engine/image/service.ts';
import { isKind, KnownError, messageOf } from '../../src/lib/errors.ts';
import { type BlobPassed, type FaultProxy, startFaultProxy } from '../fixtures/fault-proxy.ts';
import { engine, putImage } from '../fixtures/image-engine.ts';
import { dockerArchive, type SmallImage, smallImage } from '../fixtures/images.ts';
import { digestOf, type LocalRegistry, startFront } from '../fixtures/registry.ts';
import { storeLeftovers } from '../images/hostile/look.ts';

/** An image that is in the registry as `faults/<name>:1`. */
export interface RoundImage {
  readonly name: string;
  readonly image: SmallImage;
  readonly digest: string;
}

/** How a round ended: everything is as it should be, or somebody was told why not. */
export type Ended =
  | { readonly kind: 'right' }
  /** `mayGoOn`: something broke, and what came before it is kept for the next time. */
  | { readonly kind: 'told'; readonly why: string; readonly mayGoOn: boolean };

const never = new AbortController().signal;
/** Share of requests that something happens to. */
const RATE = 0.3;
const LAYER_BYTES = [300, 20_000, 300_000, 2_000_000];
/** What the runtime holds of a body at most. */
const IN_FLIGHT_BYTES = 256 * 1024;

export async function makeImages(registry: LocalRegistry, count: number): Promise<readonly RoundImage[]> {
  return await Promise.all(
    Array.from({ length: count }, async (_none, n) => {
      const bytes = LAYER_BYTES[n % LAYER_BYTES.length] ?? 300;
      const image = smallImage({ text: randomBytes(bytes).toString('base64'), layers: 2 + (n % 4) });
      const { digest } = await putImage(registry, `faults/${n}`, '1', image);
      return { name: `faults/${n}`, image, digest };
    }),
  );
}

/** One pull or push through a proxy whose faults are those of the seed, then the same again without faults. Errors: anything that is not as it must be. */
export async function runRound(seed: number, registry: LocalRegistry, images: readonly RoundImage[]): Promise<Ended> {
  await using front = startFront(registry, { kind: 'bearer', usesPerToken: 7 });
  const upstreams = seed % 3 === 0 ? ([front.host, registry.host] as const) : ([registry.host] as const);
  await using proxy = await startFaultProxy(upstreams, seed, RATE);
  using here = engine();
  const registryClient = createRegistryClient({
    fetch: (url, init) => globalThis.fetch(url, init),
    insecureRegistries: [],
    sleep: async (_ms, signal) => {
      await new Promise((resolve) => setImmediate(resolve));
      if (signal.aborted) throw new KnownError('cancelled', 'context canceled');
    },
  });
  const place = { here, proxy, registry, service: createImageService({ ...here.deps, registry: registryClient }) };
  const one = images[seed % images.length] as RoundImage;
  try {
    return await (seed % 2 === 0 ? pullRound(place, one) : pushRound(place, one, `faults/pushed-${seed}`));
  } catch (error) {
    throw new Error(`seed ${seed}: ${messageOf(error)}\n${proxy.story.join('\n')}`, { cause: error });
  }
}

interface Place {
  readonly here: ReturnType<typeof engine>;
  readonly service: ImageService;
  readonly proxy: FaultProxy;
  readonly registry: LocalRegistry;
}

async function pullRound({ here, service, proxy }: Place, one: RoundImage): Promise<Ended> {
  const reference = `${proxy.host}/${one.name}:1`;
  // Two at once share one download.
  const pull = () => service.pull({ reference }, () => undefined, never);
  const [ended, other] = await Promise.all([outcomeOf(pull()), outcomeOf(pull())]);
  must(JSON.stringify(ended) === JSON.stringify(other), 'two that waited for one download were told different things');
  if (ended.kind === 'told') {
    must(here.deps.records.list().length === 0, 'a pull that failed left an image');
    must(empty(here.root, 'content/ingest'), 'a pull that failed left half a blob');
    if (!ended.mayGoOn) {
      const left = storeLeftovers(here.root);
      must(left.length === 0, `what was wrong was kept: ${left.join(', ')}`);
    }
    proxy.heal();
    await pull();
  }
  await mustBeWhole(here, reference, one);
  const kept = ended.kind === 'right' || ended.mayGoOn;
  mustFetchOnlyMissing(
    proxy.blobs.filter(({ healed }) => kept || healed),
    one,
  );
  await service.remove(reference, { force: true });
  const left = storeLeftovers(here.root);
  must(left.length === 0, `the store is not clean: ${left.join(', ')}`);
  return ended;
}

async function mustBeWhole({ deps, root }: Place['here'], reference: string, one: RoundImage): Promise<void> {
  must(deps.records.findByName(reference)?.target.digest === one.digest, 'the image has another digest');
  for (const file of readdirSync(join(root, 'content/blobs/sha256')))
    must(sha256(readFileSync(join(root, 'content/blobs/sha256', file))) === file, `blob ${file} is another`);
  const layers = readdirSync(join(root, 'layers')).filter((name) => name !== 'empty');
  must(layers.length === one.image.layers.length, `${layers.length} layers are unpacked`);
  const unpacked = layers.flatMap((name) =>
    readdirSync(join(root, 'layers', name)).map((file) => join(root, 'layers', name, file)),
  );
  for (const path of unpacked) {
    const index = Number(/layer-(\d+)$/.exec(path)?.[1]);
    const tar = Buffer.from(one.image.layers[index]?.tar ?? []);
    must(tar.includes(readFileSync(path)), `${path} has other content`);
  }
  must(
    empty(root, 'content/partial') && empty(root, 'content/ingest'),
    'a pull that succeeded left beginnings of blobs',
  );
}

/**
 * Bytes of a blob that were passed on beyond its size are those of answers that were worth nothing: what was wrong, with all that came before it in the same
 * attempt, and what was on its way when the connection ended: the runtime drops what it has not handed on when a body breaks.
 */
function mustFetchOnlyMissing(passed: readonly BlobPassed[], one: RoundImage): void {
  for (const { gzip } of one.image.layers) {
    const answers = passed.filter(({ digest }) => digest === digestOf(gzip));
    const spoilt = answers.some(({ fault }) => fault === 'corruptAnswer' || fault === 'shortenAnswer');
    const sum = answers.reduce((all, { bytes }) => all + bytes, 0);
    // Of the attempt that failed, the last answer may have been on its way.
    const last = answers.findLast(({ healed }) => !healed);
    const broke = answers.filter((each) => each.abandoned || each.fault === 'cutAnswer' || each === last);
    const lost = broke.reduce((all, { bytes }) => all + Math.min(bytes, IN_FLIGHT_BYTES), 0);
    const most = spoilt ? sum : gzip.length + lost;
    must(sum <= most, `${sum} bytes were fetched of a layer of ${gzip.length}: ${JSON.stringify(answers)}`);
  }
}

async function pushRound(
  { here, service, proxy, registry }: Place,
  one: RoundImage,
  repository: string,
): Promise<Ended> {
  const name = `${proxy.host}/${repository}:1`;
  await service.load(pieces(dockerArchive(one.image, [name])), () => undefined, never);
  const target = here.deps.records.findByName(name)?.target.digest ?? '';
  const push = () => service.push({ name }, () => undefined, never);
  const ended = await outcomeOf(push());
  if (ended.kind === 'told') {
    must(here.deps.records.findByName(name)?.target.digest === target, 'a push that failed changed the image');
    proxy.heal();
    await push();
  }
  await mustVerify(registry, repository, target);
  await service.remove(name, { force: true });
  const left = storeLeftovers(here.root);
  must(left.length === 0, `the store is not clean: ${left.join(', ')}`);
  return ended;
}

/** What the registry has is what was pushed, byte by byte. */
async function mustVerify(registry: LocalRegistry, repository: string, digest: string): Promise<void> {
  const get = async (path: string): Promise<Buffer> => {
    const headers = { accept: 'application/vnd.oci.image.manifest.v1+json' };
    const answer = await fetch(`http://${registry.host}/v2/${repository}/${path}`, { headers });
    must(answer.status === 200, `the registry answers ${answer.status} for ${path}`);
    return Buffer.from(await answer.arrayBuffer());
  };
  const manifest = await get('manifests/1');
  must(digestOf(manifest) === digest, 'the registry has another manifest');
  const { config, layers } = JSON.parse(manifest.toString()) as { config: Named; layers: Named[] };
  for (const blob of [config, ...layers])
    must(
      digestOf(await get(`blobs/${blob.digest}`)) === blob.digest,
      `the registry has another blob for ${blob.digest}`,
    );
}

interface Named {
  readonly digest: string;
}

/** Texts that tell a user nothing, or of our own mistakes. */
const UNCLEAR = /undefined|\[object|TypeError|SyntaxError|verbose: true|is not a function|JSON Parse|^Error$|^$/;

async function outcomeOf(work: Promise<void>): Promise<Ended> {
  try {
    await work;
    return { kind: 'right' };
  } catch (error) {
    const why = messageOf(error);
    must(error instanceof KnownError && !UNCLEAR.test(why), `an error that is not clear: ${String(error)}`);
    return { kind: 'told', why, mayGoOn: isKind(error, 'unavailable') };
  }
}

function must(holds: boolean, why: string): void {
  if (!holds) throw new Error(why);
}

function empty(root: string, folder: string): boolean {
  return readdirSync(join(root, folder)).length === 0;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}
