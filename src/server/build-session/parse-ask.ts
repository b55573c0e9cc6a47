import { SESSION_PROTOCOL } from '../../api/build-session/messages.ts';
import type {
  AnnotationRequest,
  AttestationRequest,
  CacheExport,
  ImageFormat,
  OutputRequest,
} from '../../engine/build/request.ts';
import type { Entitlement } from '../../engine/build/service.ts';
import { KnownError } from '../../lib/errors.ts';
import { type Platform, parsePlatform } from '../../oci/platform.ts';
import { parseReference } from '../../oci/reference.ts';

type Json = Readonly<Record<string, unknown>>;

/** What is wrong with a request of a client. */
export function badAsk(name: string, wanted: string): KnownError {
  return new KnownError('invalid_parameter', `${SESSION_PROTOCOL}: ${name} must be ${wanted}`);
}

export function textOf(from: Json, name: string, otherwise?: string): string {
  const value = from[name] ?? otherwise;
  if (typeof value !== 'string' || value.includes('\0')) throw badAsk(name, 'a text');
  return value;
}

export function boolOf(from: Json, name: string): boolean {
  const value = from[name] ?? false;
  if (typeof value !== 'boolean') throw badAsk(name, 'true or false');
  return value;
}

export function listOf(from: Json, name: string): readonly unknown[] {
  const value = from[name] ?? [];
  if (!Array.isArray(value) || value.length > MAX_LIST) throw badAsk(name, `a list of at most ${MAX_LIST}`);
  return value;
}

const MAX_LIST = 10_000;

export function textsOf(from: Json, name: string): readonly string[] {
  return listOf(from, name).map((value) => {
    if (typeof value !== 'string' || value.includes('\0')) throw badAsk(name, 'a list of texts');
    return value;
  });
}

export function objectOf(from: Json, name: string): Json {
  return asObject(from[name] ?? {}, name);
}

export function objectsOf(from: Json, name: string): readonly Json[] {
  return listOf(from, name).map((value) => asObject(value, name));
}

function asObject(value: unknown, name: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw badAsk(name, 'an object');
  return value as Json;
}

export function mapOf(from: Json, name: string): Readonly<Record<string, string>> {
  const map = objectOf(from, name);
  return Object.fromEntries(Object.keys(map).map((key) => [key, textOf(map, key)]));
}

/** One of a few texts. */
export function choiceOf<T extends string>(from: Json, name: string, choices: readonly T[], otherwise?: T): T {
  const value = from[name] ?? otherwise;
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw badAsk(name, `one of ${choices.join(', ')}`);
  return found;
}

const MACHINE: Platform = { os: 'linux', architecture: 'amd64' };

export function platformOf(from: Json, name: string): Platform | undefined {
  return from[name] === undefined ? undefined : parsePlatform(textOf(from, name), MACHINE);
}

export function platformsOf(from: Json): readonly Platform[] {
  return textsOf(from, 'platforms').map((text) => parsePlatform(text, MACHINE));
}

function namesOf(from: Json): readonly string[] {
  const names = textsOf(from, 'names');
  for (const name of names) parseReference(name);
  return names;
}

export function outputOf(output: Json): OutputRequest {
  const kind = choiceOf(output, 'kind', ['image', 'local', 'tar', 'oci', 'docker', 'cacheonly']);
  switch (kind) {
    case 'image':
      return { kind, names: namesOf(output), push: boolOf(output, 'push'), ...formatOf(output) };
    case 'local':
    case 'tar':
      return {
        kind,
        platformSplit: output['platformSplit'] === undefined ? undefined : boolOf(output, 'platformSplit'),
      };
    case 'oci':
    case 'docker':
      return { kind, names: namesOf(output), ...formatOf(output) };
    case 'cacheonly':
      return { kind };
  }
}

const COMPRESSIONS = ['uncompressed', 'gzip', 'zstd'] as const;

function formatOf(output: Json): { readonly format?: ImageFormat } {
  if (output['format'] === undefined) return {};
  const format = objectOf(output, 'format');
  const level = format['compressionLevel'];
  const highest = format['compression'] === 'zstd' ? 22 : 9;
  if (level !== undefined && !(typeof level === 'number' && Number.isInteger(level) && level >= 0 && level <= highest))
    throw badAsk('compressionLevel', `a number of at most ${highest}`);
  return {
    format: {
      compression: format['compression'] === undefined ? undefined : choiceOf(format, 'compression', COMPRESSIONS),
      forceCompression: boolOf(format, 'forceCompression'),
      compressionLevel: level,
      ociTypes: format['ociTypes'] === undefined ? undefined : boolOf(format, 'ociTypes'),
    },
  };
}

const LEVELS = ['manifest', 'manifest-descriptor', 'index', 'index-descriptor'] as const;

export function annotationOf(annotation: Json): AnnotationRequest {
  return {
    level: choiceOf(annotation, 'level', LEVELS),
    platform: platformOf(annotation, 'platform'),
    key: textOf(annotation, 'key'),
    value: textOf(annotation, 'value'),
  };
}

export function attestationsOf(ask: Json): AttestationRequest {
  const [provenance, sbom] = [objectOf(ask, 'provenance'), objectOf(ask, 'sbom')];
  return {
    provenance:
      ask['provenance'] === undefined
        ? undefined
        : {
            mode: choiceOf(provenance, 'mode', ['min', 'max']),
            version: choiceOf(provenance, 'version', ['v0.2', 'v1']),
            builderId: textOf(provenance, 'builderId', ''),
            reproducible: boolOf(provenance, 'reproducible'),
          },
    sbom: ask['sbom'] === undefined ? undefined : { generator: textOf(sbom, 'generator', '') },
  };
}

export function cacheExportOf(cache: Json): CacheExport {
  const kind = choiceOf(cache, 'kind', ['inline', 'registry', 'local']);
  if (kind === 'inline') return { kind };
  const common = {
    mode: choiceOf(cache, 'mode', ['min', 'max'], 'min'),
    imageManifest: boolOf(cache, 'imageManifest'),
    ignoreError: boolOf(cache, 'ignoreError'),
  };
  return kind === 'registry'
    ? { kind, reference: textOf(cache, 'reference'), ...common }
    : { kind, tag: textOf(cache, 'tag', ''), ...common };
}

export function entitlementsOf(ask: Json): ReadonlySet<Entitlement> {
  return new Set(
    textsOf(ask, 'entitlements').map((name): Entitlement => {
      if (name === 'network.host' || name === 'security.insecure' || name === 'device') return name;
      if (name.startsWith('device=')) return `device=${name.slice('device='.length)}`;
      throw new KnownError('invalid_parameter', `unknown entitlement ${name}`);
    }),
  );
}

/** The parameters of a query again. */
export function limitsQuery(ask: Json): URLSearchParams {
  const limits = objectOf(ask, 'limits');
  const query = new URLSearchParams();
  for (const name of Object.keys(limits)) for (const value of textsOf(limits, name)) query.append(name, value);
  return query;
}
