import type { GcRule, GcSettings } from '../../engine/build/gc-policy.ts';
import { KnownError } from '../../lib/errors.ts';
import { invalid } from '../../lib/invalid.ts';
import { parseSize } from '../../lib/size.ts';
import { asText, isObject, type JsonObject, type JsonValue } from './settings.ts';

/** When the build cache is made smaller: never, by dockerd's rules, or by those of the user. */
export type BuilderGc =
  | { readonly kind: 'off' }
  | { readonly kind: 'default'; readonly settings: GcSettings }
  | { readonly kind: 'policy'; readonly rules: readonly GcRule[] };

/**
 * The key `builder` of daemon.json: `{"gc": {"enabled": true, "defaultKeepStorage": "20GB", "policy": [{"keepStorage": "10GB", "filter":
 * ["unused-for=48h"], "all": true}]}}`. Errors: invalid_parameter; not_implemented for other keys.
 */
export function builderGc(value: JsonValue | undefined): BuilderGc {
  const { gc, ...others } = isObject(value) ? value : {};
  refuseOthers('builder', others);
  const {
    enabled = true,
    defaultKeepStorage,
    defaultReservedSpace,
    defaultMaxUsedSpace,
    defaultMinFreeSpace,
    policy,
    ...more
  } = objectOf('builder.gc', gc);
  refuseOthers('builder.gc', more);
  if (typeof enabled !== 'boolean') throw invalid('builder.gc.enabled must be true or false');
  if (!enabled) return { kind: 'off' };
  if (policy !== undefined && policy !== null) {
    if (!Array.isArray(policy)) throw invalid('builder.gc.policy must be a list of objects');
    return { kind: 'policy', rules: policy.map((rule: JsonValue) => gcRule(objectOf('builder.gc.policy', rule))) };
  }
  const reserved = bytes(defaultReservedSpace ?? defaultKeepStorage);
  const most = bytes(defaultMaxUsedSpace);
  const free = bytes(defaultMinFreeSpace);
  return {
    kind: 'default',
    settings: {
      ...(reserved !== undefined && { reservedBytes: reserved }),
      ...(most !== undefined && { maxUsedBytes: most }),
      ...(free !== undefined && { minFreeBytes: free }),
    },
  };
}

function gcRule({
  keepStorage,
  reservedSpace,
  maxUsedSpace,
  minFreeSpace,
  filter = [],
  all = false,
  ...others
}: JsonObject): GcRule {
  refuseOthers('builder.gc.policy', others);
  if (!Array.isArray(filter)) throw invalid('builder.gc.policy: filter must be a list of strings');
  const filters = filter.map((one: JsonValue) => asText(one).split(/==?(.*)/s));
  const unknown = filters.find(([key = '']) => key !== 'type' && key !== 'unused-for');
  if (unknown) throw new KnownError('not_implemented', `builder.gc.policy: filter ${unknown[0]} is not supported`);
  return {
    types: filters.flatMap(([key, value = '']) => (key === 'type' ? [value] : [])),
    unusedMs: filters.reduce((longest, [key, value = '']) => (key === 'unused-for' ? durationMs(value) : longest), 0),
    all: all === true,
    space: {
      reservedBytes: bytes(reservedSpace ?? keepStorage) ?? 0,
      maxUsedBytes: bytes(maxUsedSpace) ?? 0,
      minFreeBytes: bytes(minFreeSpace) ?? 0,
    },
  };
}

/** Go's form, as far as people write it: `48h`, `1h30m`, `90s`. */
function durationMs(text: string): number {
  const units: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000 };
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)([hms])/g)];
  if (parts.length === 0 || parts.map(([whole]) => whole).join('') !== text)
    throw invalid(`builder.gc.policy: invalid duration ${JSON.stringify(text)}`);
  return parts.reduce((sum, [, number = '', unit = '']) => sum + Number(number) * (units[unit] ?? 0), 0);
}

function bytes(value: JsonValue | undefined): number | undefined {
  return value === undefined || value === null || value === '' ? undefined : parseSize(asText(value));
}

function objectOf(name: string, value: JsonValue | undefined): JsonObject {
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw invalid(`${name} must be an object`);
  return value;
}

function refuseOthers(name: string, others: JsonObject): void {
  const [key] = Object.keys(others);
  if (key !== undefined) throw new KnownError('not_implemented', `${name}.${key} is not supported`);
}
