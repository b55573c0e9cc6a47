import { OCI_CONFIG, OCI_MANIFEST } from '../../oci/media-type.ts';
import type { Descriptor } from '../../store/content/content-store.ts';
import type { BegunBuild } from './build-image.ts';
import { fullNames, namesOf } from './outputs.ts';
import { imageUrl } from './package-url.ts';
import { inTask, type ProgressSink } from './progress.ts';
import { makeProvenance, type Provenance } from './provenance.ts';
import { provenanceFacts } from './provenance-facts.ts';
import { scanFiles } from './scan-files.ts';
import { scanTargets } from './scan-targets.ts';
import { type ScannedDocument, scanWithImage } from './scan-with-image.ts';
import type { PlatformResult } from './work.ts';
import { type PlatformImage, writeJson } from './write-image.ts';
import type { BuildFacts } from './write-outputs.ts';

const IN_TOTO = 'application/vnd.in-toto+json';
const SPDX = 'https://spdx.dev/Document';

/** Something that is attested, and what its file is called where it lies beside other files. */
export interface Attested extends Provenance {
  readonly name: string;
}

/** What is asked to be attested of a platform's result; nothing when nothing is. */
export async function makeAttested(
  { deps, request, progress }: BegunBuild,
  result: PlatformResult,
  facts: BuildFacts,
  signal: AbortSignal,
): Promise<readonly Attested[]> {
  const { provenance, sbom } = request.attestations;
  const found: Attested[] = [];
  if (sbom) {
    const documents = await scan(result, sbom.generator, facts, progress, signal);
    for (const { name, document } of documents) found.push({ name, predicateType: SPDX, predicate: document });
  }
  if (provenance)
    found.push({
      name: 'provenance.json',
      ...makeProvenance(provenance, provenanceFacts(result, facts, deps.now())),
    });
  return found;
}

/** An in-toto statement about `subject`. */
export function toStatement({ predicateType, predicate }: Provenance, subject: readonly object[]): object {
  return { _type: 'https://in-toto.io/Statement/v0.1', predicateType, subject, predicate };
}

/**
 * Writes what is attested of an image, as BuildKit lays it out (docs/attestations/attestation-storage.md): a manifest whose layers are in-toto
 * statements. Resolves with its descriptor for the index; undefined when nothing was asked for.
 */
export async function writeAttestations(
  { deps, request }: Pick<BegunBuild, 'deps' | 'request'>,
  attested: readonly Attested[],
  image: PlatformImage,
  signal: AbortSignal,
): Promise<Descriptor | undefined> {
  if (attested.length === 0) return undefined;
  const subject = subjectsOf(fullNames(namesOf(request)), image);
  const layers: Descriptor[] = [];
  for (const one of attested) {
    const blob = await writeJson(deps.content, toStatement(one, subject), signal);
    layers.push({ mediaType: IN_TOTO, ...blob, annotations: { 'in-toto.io/predicate-type': one.predicateType } });
  }
  return await writeManifest(deps.content, layers, image, signal);
}

async function scan(
  result: PlatformResult,
  generator: string,
  { clampSeconds }: BuildFacts,
  progress: ProgressSink,
  signal: AbortSignal,
): Promise<readonly ScannedDocument[]> {
  const { work } = result;
  const atMs = clampSeconds === undefined ? work.deps.now() : clampSeconds * 1000;
  const created = new Date(atMs).toISOString().replace(/\.\d+Z$/, 'Z');
  const of = work.platformName === '' ? '' : `[${work.platformName}] `;
  if (generator === '')
    return await inTask(progress, `${of}generating sbom`, async () => {
      const documents: ScannedDocument[] = [];
      for (const { name, tree } of await scanTargets(result, signal))
        documents.push({ name: `${name}.spdx.json`, document: await scanFiles(work.deps, tree, created, signal) });
      return documents;
    });
  return await inTask(progress, `${of}generating sbom using ${generator}`, async (id) => {
    return await scanWithImage(result, generator, { id, progress }, signal);
  });
}

function subjectsOf(names: readonly string[], { descriptor, platform }: PlatformImage): readonly object[] {
  const digest = { sha256: descriptor.digest.replace('sha256:', '') };
  if (names.length === 0) return [{ name: '_', digest }];
  return names.map((name) => ({ name: imageUrl(name, platform), digest }));
}

async function writeManifest(
  content: BegunBuild['deps']['content'],
  layers: readonly Descriptor[],
  image: PlatformImage,
  signal: AbortSignal,
): Promise<Descriptor> {
  const rootfs = { type: 'layers', diff_ids: layers.map(({ digest }) => digest) };
  const document = { architecture: 'unknown', os: 'unknown', config: {}, rootfs };
  const config = { mediaType: OCI_CONFIG, ...(await writeJson(content, document, signal)) };
  const manifest = { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers };
  return {
    mediaType: OCI_MANIFEST,
    ...(await writeJson(content, manifest, signal)),
    annotations: {
      'vnd.docker.reference.digest': image.descriptor.digest,
      'vnd.docker.reference.type': 'attestation-manifest',
    },
    platform: { architecture: 'unknown', os: 'unknown' },
  };
}
