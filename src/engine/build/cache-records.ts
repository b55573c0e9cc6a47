/**
 * The build cache as other machines read it, in BuildKit's format (cache/remotecache/v1): a config that lists layers and records. A record's
 * digest is one of our keys, so that BuildKit reads such a cache and finds nothing in it that it knows. Pure.
 */
import type { DiffId } from '../../oci/digest.ts';
import { isDigest } from '../../oci/digest.ts';
import { asFields, jsonFields } from '../../oci/manifest.ts';
import type { Descriptor } from '../../store/content/content-store.ts';
import type { CachedLayer } from '../../store/record/build-cache.ts';
import type { BuildWork } from './work.ts';

export const CACHE_CONFIG = 'application/vnd.buildkit.cacheconfig.v0';
/** The field of an image's document that holds the records of its own layers. */
export const INLINE_FIELD = 'moby.buildkit.cache.v0';

/** What a step has given. */
export interface CacheRecord {
  readonly key: string;
  /** What else a COPY is asked for by, before its files are known; undefined: nothing else. */
  readonly asked: string | undefined;
  /** Of the step before, when that one is a record too. */
  readonly before: string | undefined;
  readonly layer: Pick<CachedLayer, 'descriptor' | 'diffId'>;
  /** The instruction. */
  readonly description: string;
}

/** Steps of which the layer is here: `min`, those of the target's own layers, lowest first; `max`, of all stages. */
export function recordsOf(work: BuildWork, mode: 'min' | 'max'): readonly CacheRecord[] {
  const { outlook, plan, done, finished } = work;
  const wanted = mode === 'max' ? [...outlook.stages.keys()] : lineOf(work, plan.target);
  const records = new Map<string, CacheRecord>();
  for (const index of wanted) {
    const stage = outlook.stages.get(index);
    if (stage === undefined) continue;
    const steps = (finished.get(index) ?? stage.steps).filter(({ step }) => step.kind !== 'config');
    const all = outlook.needed.has(index) ? (done.get(index) ?? []) : [];
    const layers = all.slice(Math.max(0, all.length - steps.length));
    let before: string | undefined = stage.baseKey;
    for (const [position, { key, asked, cached, step }] of steps.entries()) {
      const layer = cached ?? layers[position];
      if (layer === undefined) break;
      const last = records.has(before) ? before : undefined;
      const other = asked === key ? undefined : asked;
      records.set(key, { key, asked: other, before: last, layer, description: step.source });
      before = key;
    }
  }
  return [...records.values()];
}

/** A stage and those that it stands on, lowest first. */
function lineOf({ outlook }: Pick<BuildWork, 'outlook'>, index: number): readonly number[] {
  const base = outlook.stages.get(index)?.stage.base;
  return base?.kind === 'stage' ? [...lineOf({ outlook }, base.index), index] : [index];
}

/** The config of a cache, and the layers that it names. `createdAt`: RFC 3339. */
export function toCacheConfig(
  records: readonly CacheRecord[],
  createdAt: string,
): { readonly config: object; readonly layers: readonly Descriptor[] } {
  const indexes = new Map(records.map(({ key }, index) => [key, index]));
  const config = {
    layers: records.map(({ before, layer: { descriptor, diffId }, description }) => ({
      blob: descriptor.digest,
      parent: before === undefined ? -1 : (indexes.get(before) ?? -1),
      annotations: {
        mediaType: descriptor.mediaType,
        diffID: diffId,
        size: descriptor.size,
        createdAt,
        additional: { 'buildkit/description': description },
      },
    })),
    records: listRecords(records, (_record, index) => ({ layer: index, createdAt })),
  };
  const layers = new Map(
    records.map(({ layer: { descriptor, diffId }, description }) => [
      descriptor.digest,
      {
        ...descriptor,
        annotations: {
          'buildkit/createdat': createdAt,
          'buildkit/description': description,
          'containerd.io/uncompressed': diffId,
        },
      },
    ]),
  );
  return { config, layers: [...layers.values()] };
}

/**
 * Records as a config lists them: those of layers in their order, then those by which some are asked for, which lead to them by their second
 * input.
 */
function listRecords(
  records: readonly CacheRecord[],
  resultOf: (record: CacheRecord, index: number) => object,
): readonly object[] {
  const indexes = new Map(records.map(({ key }, index) => [key, index]));
  const linksTo = (key: string | undefined): readonly object[] => {
    const link = key === undefined ? undefined : indexes.get(key);
    return link === undefined ? [] : [{ link }];
  };
  const made = records.map((record, index) => {
    const links = linksTo(record.before);
    const inputs = links.length > 0 ? { inputs: [links] } : {};
    return { digest: `sha256:${record.key}`, layers: [resultOf(record, index)], ...inputs };
  });
  const others = records.flatMap((record, index) => {
    const { asked, before } = record;
    if (asked === undefined) return [];
    const inputs = [linksTo(before), [{ link: index }]];
    return [{ digest: `sha256:${asked}`, layers: [resultOf(record, index)], inputs }];
  });
  return [...made, ...others];
}

/** The records of an image's own layers, for its document. */
export function toInlineField(records: readonly CacheRecord[], layers: readonly CachedLayer[]): string {
  const list = listRecords(records, ({ layer }) => ({
    layer: layers.findIndex(({ diffId }) => diffId === layer.diffId),
  }));
  return Buffer.from(JSON.stringify(list)).toString('base64');
}

/** A record that was read: it came from strangers, and its layer is not here. */
export interface ForeignRecord extends Pick<CacheRecord, 'key' | 'layer' | 'description'> {
  /** The key by content that this one stands for; undefined: itself. */
  readonly content: string | undefined;
}

const MAX_RECORDS = 50_000;

/** `layers`: by digest, as the cache's manifest has them. Records that lead nowhere are left out. Errors: invalid_parameter for no JSON object. */
export function parseCacheConfig(bytes: Uint8Array, layers: readonly Descriptor[]): readonly ForeignRecord[] {
  const fields = jsonFields(bytes, 'cache config');
  const byDigest = new Map<string, Descriptor>(layers.map((layer) => [layer.digest, layer]));
  const listed = listOf(fields.get('layers')).map((entry) => {
    const layer = asFields(entry);
    const annotations = asFields(layer.get('annotations'));
    const found = byDigest.get(textOf(layer.get('blob')));
    const diffId = textOf(annotations.get('diffID')) || (found?.annotations?.['containerd.io/uncompressed'] ?? '');
    if (found === undefined || !isDigest(diffId)) return undefined;
    const { mediaType, digest, size } = found;
    const description = found.annotations?.['buildkit/description'] ?? '';
    return { layer: { descriptor: { mediaType, digest, size }, diffId: diffId as DiffId }, description };
  });
  return recordsFrom(fields.get('records'), listed);
}

/** The records that an image holds of its own layers; none where it has no such field. */
export function parseInlineField(
  document: ReadonlyMap<string, unknown>,
  layers: readonly Descriptor[],
  diffIds: readonly DiffId[],
): readonly ForeignRecord[] {
  const text = textOf(document.get(INLINE_FIELD));
  if (text === '' || layers.length !== diffIds.length) return [];
  const wrapped = Buffer.from(`{"records":${Buffer.from(text, 'base64').toString('utf8')}}`);
  const listed = layers.map(({ mediaType, digest, size }, index) => {
    const diffId = diffIds[index];
    return diffId && { layer: { descriptor: { mediaType, digest, size }, diffId }, description: '' };
  });
  return recordsFrom(jsonFields(wrapped, 'inline cache').get('records'), listed);
}

function recordsFrom(
  value: unknown,
  layers: readonly (Pick<ForeignRecord, 'layer' | 'description'> | undefined)[],
): readonly ForeignRecord[] {
  const records = listOf(value).map(asFields);
  const keyOf = (record: ReadonlyMap<string, unknown> | undefined): string | undefined =>
    /^sha256:([0-9a-f]{64})$/.exec(textOf(record?.get('digest')))?.[1];
  return records.flatMap((record) => {
    const key = keyOf(record);
    const second = asFields(listOf(listOf(record.get('inputs'))[1])[0]).get('link');
    const content = typeof second === 'number' ? keyOf(records[second]) : undefined;
    const index = asFields(listOf(record.get('layers'))[0]).get('layer');
    const found = typeof index === 'number' ? layers[index] : undefined;
    return key === undefined || found === undefined ? [] : [{ key, content, ...found }];
  });
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value.slice(0, MAX_RECORDS) : [];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
