/** From the layers of every platform to what the client has asked for. */
import { KnownError } from '../../lib/errors.ts';
import { familiarReference, formatReference, parseReference } from '../../oci/reference.ts';
import type { Descriptor } from '../../store/content/content-store.ts';
import { publishImage, readLabels } from '../image/image-event.ts';
import { archiveOf } from '../image/save.ts';
import { annotationsFor } from './annotations.ts';
import { type Attested, makeAttested, writeAttestations } from './attest.ts';
import type { BegunBuild } from './build-image.ts';
import { INLINE_FIELD, recordsOf, toInlineField } from './cache-records.ts';
import { exportCaches } from './export-cache.ts';
import { exportFiles } from './export-files.ts';
import { fullNames, isIndexed, namesOf, outputsOf, tagOf } from './outputs.ts';
import { inTask } from './progress.ts';
import type { BuildResult, ImageFormat, OutputRequest } from './request.ts';
import type { PlatformResult } from './work.ts';
import { type PlatformImage, writeImage } from './write-image.ts';
import { writeIndex } from './write-index.ts';

export interface BuildFacts {
  readonly clampSeconds: number | undefined;
  /** Milliseconds since the epoch. */
  readonly startedAtMs: number;
  /** The build's own name, for provenance. */
  readonly invocationId: string;
}

/** The image, or the index of images. */
interface Written {
  /** With the annotations that a descriptor of it gets. */
  readonly target: Descriptor;
  readonly images: readonly PlatformImage[];
}

/** Writes images first, gives them their names, pushes, and then sends the client what goes there. */
export async function writeOutputs(
  begun: BegunBuild,
  results: readonly PlatformResult[],
  facts: BuildFacts,
  signal: AbortSignal,
): Promise<BuildResult> {
  const { request, progress } = begun;
  const outputs = outputsOf(request);
  const kinds = new Set(outputs.map(({ kind }) => kind));
  const attested = attestedOnce(begun, facts, signal);
  const written = new Map<string, Written>();
  for (const output of outputs) {
    if (!('names' in output) || written.has(formatKey(output))) continue;
    const format = usableFormat(begun, output.format);
    const target = await inTask(
      progress,
      'exporting to image',
      async () => await writeTarget(begun, results, { attested, format }, signal),
    );
    written.set(formatKey(output), target);
  }
  for (const [key, target] of written) {
    const stored = outputs.filter((output) => output.kind === 'image' && formatKey(output) === key);
    if (stored.length > 0) await store(begun, stored, target, signal);
  }
  for (const output of outputs) if (output.kind === 'image' && output.push) await push(begun, output.names, signal);
  for (const [index, output] of outputs.entries())
    await send(begun, { output, index, written: written.get(formatKey(output)), results, facts, attested }, signal);
  await exportCaches(begun, results, signal);
  const told = outputs.find(({ kind }) => kind === 'image') ?? outputs.find((output) => 'names' in output);
  return resultOf(request.outputs, told && written.get(formatKey(told)), kinds.has('image'));
}

/** Outputs of the same format share one image. */
function formatKey(output: OutputRequest): string {
  return JSON.stringify('format' in output ? output.format : undefined) ?? '';
}

/** Docker's own media types have no place for annotations and attestations; BuildKit turns to OCI's too (exporter/containerimage). */
function usableFormat(
  { request: { annotations, attestations }, progress }: Pick<BegunBuild, 'request' | 'progress'>,
  format: ImageFormat | undefined,
): ImageFormat | undefined {
  if (format?.ociTypes !== false) return format;
  const isAttested = attestations.provenance !== undefined || attestations.sbom !== undefined;
  if (annotations.length === 0 && !isAttested) return format;
  const what = annotations.length > 0 ? 'annotations' : 'attestations';
  progress.tell({
    kind: 'warning',
    text: `oci-mediatypes=false is not possible with ${what}: OCI's media types are used`,
  });
  return { ...format, ociTypes: true };
}

/** What is attested of a platform's result, made when an output first needs it. */
type AttestedOf = (result: PlatformResult) => Promise<readonly Attested[]>;

function attestedOnce(begun: BegunBuild, facts: BuildFacts, signal: AbortSignal): AttestedOf {
  const made = new Map<PlatformResult, readonly Attested[]>();
  return async (result) => {
    const found = made.get(result) ?? (await makeAttested(begun, result, facts, signal));
    made.set(result, found);
    return found;
  };
}

async function writeTarget(
  begun: BegunBuild,
  results: readonly PlatformResult[],
  { attested, format }: { readonly attested: AttestedOf; readonly format: ImageFormat | undefined },
  signal: AbortSignal,
): Promise<Written> {
  const { deps, request } = begun;
  const { annotations } = request;
  const attestations: Descriptor[] = [];
  const images: PlatformImage[] = [];
  for (const result of results) {
    const own = annotationsFor(annotations, 'manifest', result.work.platform);
    const image = await writeImage(result, { annotations: own, fields: inlineField(request, result), format }, signal);
    images.push(image);
    const manifest = await writeAttestations(begun, await attested(result), image, signal);
    if (manifest) attestations.push(manifest);
  }
  const [only] = images;
  if (only && !isIndexed(request)) {
    const own = annotationsFor(annotations, 'manifest-descriptor', only.platform);
    return { target: withAnnotations(only.descriptor, { ...own, 'config.digest': only.config }), images };
  }
  const index = await writeIndex(deps, request, images, { attestations, isOci: format?.ociTypes ?? true }, signal);
  return { target: withAnnotations(index, annotationsFor(annotations, 'index-descriptor', undefined)), images };
}

/** Records of the image's own layers, for `--cache-to type=inline`. */
function inlineField({ cacheTo }: BegunBuild['request'], { work, layers }: PlatformResult): object {
  if (!cacheTo.some(({ kind }) => kind === 'inline')) return {};
  return { [INLINE_FIELD]: toInlineField(recordsOf(work, 'min'), layers) };
}

function withAnnotations(descriptor: Descriptor, annotations: Readonly<Record<string, string>>): Descriptor {
  return Object.keys(annotations).length > 0 ? { ...descriptor, annotations } : descriptor;
}

async function store(
  { deps, progress }: BegunBuild,
  outputs: readonly OutputRequest[],
  { target, images }: Written,
  signal: AbortSignal,
): Promise<void> {
  for (const { layers } of images) await deps.layers.ensureUnpacked(layers, { signal });
  signal.throwIfAborted();
  const { annotations: _told, ...kept } = target;
  const names = namesOf({ outputs }).map(tagOf);
  deps.records.put(kept, names.map(formatReference), deps.now());
  const labels = await readLabels(deps, kept);
  publishImage(deps, 'create', kept.digest, { name: kept.digest, labels });
  for (const reference of names) publishImage(deps, 'tag', kept.digest, { name: familiarReference(reference), labels });
  progress.tell({ kind: 'image', imageId: kept.digest, names: names.map(familiarReference) });
}

async function push(
  { deps, request, progress }: BegunBuild,
  names: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  for (const reference of fullNames(names).map(parseReference)) {
    const auth = await request.session.authFor(reference.registry);
    const name = familiarReference(reference);
    await inTask(progress, `pushing ${name}`, async () => {
      const tell = (message: Readonly<Record<string, unknown>>): void => progress.tell({ kind: 'push', message });
      await deps.images.push({ name, ...(auth ? { auth } : {}) }, tell, signal);
    });
  }
}

interface Sending {
  readonly output: OutputRequest;
  readonly index: number;
  readonly written: Written | undefined;
  readonly results: readonly PlatformResult[];
  readonly facts: BuildFacts;
  readonly attested: AttestedOf;
}

const TASK = {
  local: 'exporting to client directory',
  tar: 'exporting to client tarball',
  oci: 'exporting to oci image format',
  docker: 'exporting to docker image format',
} as const;

async function send(
  { deps, request, progress, folder }: BegunBuild,
  { output, index, written, results, facts, attested }: Sending,
  signal: AbortSignal,
): Promise<void> {
  switch (output.kind) {
    case 'image':
    case 'cacheonly':
      return;
    case 'local':
    case 'tar':
      return await inTask(progress, TASK[output.kind], async () => {
        const tar = await exportFiles(results, { folder, output, attested, ...facts }, signal);
        await request.session.receive(index, tar);
      });
    case 'oci':
    case 'docker':
      return await inTask(progress, TASK[output.kind], async () => {
        if (written === undefined) throw new KnownError('system', 'there is no image to send');
        const how = { names: fullNames(output.names), legacy: output.kind === 'docker' };
        await request.session.receive(index, await archiveOf(deps, written.target, how, signal));
      });
  }
}

function resultOf(asked: readonly OutputRequest[], written: Written | undefined, isStored: boolean): BuildResult {
  if (written === undefined) return { imageId: undefined, metadata: {} };
  const { target, images } = written;
  const [only, another] = images;
  const names = fullNames(asked.flatMap((output) => ('names' in output ? output.names : [])));
  const metadata = {
    ...(only && !another ? { 'containerimage.config.digest': only.config } : {}),
    'containerimage.descriptor': target,
    'containerimage.digest': target.digest,
    ...(names.length > 0 ? { 'image.name': names.join(',') } : {}),
  };
  return { imageId: isStored ? target.digest : undefined, metadata };
}
