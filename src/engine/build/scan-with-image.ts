import { posix } from 'node:path';
import type { HostConfig } from '../../api/types/container.ts';
import { KnownError } from '../../lib/errors.ts';
import { jsonFields } from '../../oci/manifest.ts';
import { formatReference, parseReference, withDefaultTag } from '../../oci/reference.ts';
import { STEP_LABEL } from '../container/step-label.ts';
import type { ProgressSink } from './progress.ts';
import { runToEnd } from './run-step.ts';
import { lowerOf, scanTargets } from './scan-targets.ts';
import { chainOf, type PlatformResult } from './work.ts';

type Mount = NonNullable<HostConfig['Mounts']>[number];

const SOURCE = '/run/src/core/sbom';
const EXTRAS = '/run/src/extras';
const DESTINATION = '/run/out';
const MAX_DOCUMENT_BYTES = 64 * 1024 * 1024;

/** An SPDX document, and the name of the file that it was in. */
export interface ScannedDocument {
  readonly name: string;
  readonly document: object;
}

/**
 * Runs a generator's image over a target's files, by BuildKit's protocol (docs/attestations/sbom-protocol.md): SPDX documents, one for each
 * `*.spdx.json` that it writes. Errors: those of pulling it; CommandFailed; invalid_parameter for something else than SPDX.
 */
export async function scanWithImage(
  result: PlatformResult,
  generator: string,
  { id, progress }: { readonly id: string; readonly progress: ProgressSink },
  signal: AbortSignal,
): Promise<readonly ScannedDocument[]> {
  const { work } = result;
  const { deps, bases, folder } = work;
  const reference = formatReference(withDefaultTag(parseReference(generator)));
  const { digest, document } = await bases.resolve(reference, deps.host, { signal });
  const scanner = bases.layersOf(digest);
  await deps.layers.ensureUnpacked(scanner, { signal });
  await using undo = new AsyncDisposableStack();
  const mounts: Mount[] = [];
  for (const [index, { name, tree }] of (await scanTargets(result, signal)).entries()) {
    const { source } = undo.use(folder.bind({ lower: lowerOf(tree) }, '/', { writable: false }));
    mounts.push(readOnly(source, index === 0 ? SOURCE : `${EXTRAS}/${name}`));
  }
  const out = folder.make(`sbom-${crypto.randomUUID()}`);
  const config = new Map<string, unknown>(Object.entries(document.config));
  const argv = [...textsOf(config.get('Entrypoint')), ...textsOf(config.get('Cmd'))];
  if (argv.length === 0)
    throw new KnownError('invalid_parameter', `the SBOM generator ${generator} has neither entrypoint nor command`);
  const { Id: container = '' } = await deps.containers.create({
    config: {
      Image: generator,
      Cmd: argv,
      Env: [
        ...textsOf(config.get('Env')),
        `BUILDKIT_SCAN_SOURCE=${SOURCE}`,
        `BUILDKIT_SCAN_DESTINATION=${DESTINATION}`,
        ...(mounts.length > 1 ? [`BUILDKIT_SCAN_SOURCE_EXTRAS=${EXTRAS}`] : []),
      ],
      WorkingDir: folderOf(config.get('WorkingDir')),
      Labels: { [STEP_LABEL]: 'sbom' },
    },
    hostConfig: {
      Mounts: [...mounts, { Type: 'bind', Source: out, Target: DESTINATION }],
    },
    networkingConfig: {},
    layers: { chain: chainOf(scanner), platform: deps.host },
  });
  undo.defer(async () => await deps.containers.remove(container, { force: true, volumes: true }));
  const stop = (): void => void deps.containers.kill(container, 'KILL').catch(() => undefined);
  signal.addEventListener('abort', stop, { once: true });
  undo.defer(() => signal.removeEventListener('abort', stop));
  await runToEnd(deps, container, { argv }, (message) => progress.tell({ ...message, id }), signal);
  return await readDocuments(work, out, signal);
}

function readOnly(source: string, target: string): Mount {
  return {
    Type: 'bind',
    Source: source,
    Target: target,
    ReadOnly: true,
    BindOptions: { ReadOnlyNonRecursive: true },
  };
}

async function readDocuments(
  { deps }: PlatformResult['work'],
  folder: string,
  signal: AbortSignal,
): Promise<readonly ScannedDocument[]> {
  const tree = { kind: 'folder', path: folder } as const;
  const entries = await deps.files.index(tree, ['/'], { hash: false }, signal);
  const written = entries.filter(({ path, type }) => type === 'file' && path.endsWith('.spdx.json'));
  if (written.length === 0) throw new KnownError('invalid_parameter', 'the SBOM generator has written no *.spdx.json');
  const documents: ScannedDocument[] = [];
  for (const { path } of written.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    const fields = jsonFields(Buffer.from(await deps.files.readText(tree, path, MAX_DOCUMENT_BYTES, signal)), path);
    const name = posix.basename(path);
    documents.push({ name, document: documentOf(fields, name) });
  }
  return documents;
}

/** Scanners write in-toto statements; a plain document will do. */
function documentOf(fields: ReadonlyMap<string, unknown>, name: string): object {
  const predicate = fields.get('predicate');
  if (
    typeof predicate === 'object' &&
    predicate !== null &&
    fields.get('predicateType') === 'https://spdx.dev/Document'
  )
    return predicate;
  if (typeof fields.get('spdxVersion') === 'string') return Object.fromEntries(fields);
  throw new KnownError('invalid_parameter', `${name} of the SBOM generator is no SPDX document`);
}

function folderOf(value: unknown): string {
  return typeof value === 'string' && value !== '' ? value : '/';
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}
