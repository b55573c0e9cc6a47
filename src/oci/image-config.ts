import { KnownError } from '../lib/errors.ts';
import type { DiffId } from './digest.ts';
import { isDigest } from './digest.ts';
import { asFields, jsonFields } from './manifest.ts';
import type { Platform } from './platform.ts';

/** The image's JSON document (image-spec config.md), with what the engine uses checked. */
export interface ImageDocument {
  readonly platform: Platform;
  /** RFC 3339, as written. */
  readonly created: string | undefined;
  readonly author: string;
  readonly comment: string;
  readonly dockerVersion: string;
  /** The `config` object as it stands: what containers inherit. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly diffIds: readonly DiffId[];
  readonly history: readonly HistoryEntry[];
}

export interface HistoryEntry {
  readonly created?: string;
  readonly createdBy: string;
  readonly comment: string;
  readonly emptyLayer: boolean;
}

/** Errors: invalid_parameter. */
export function parseImageDocument(bytes: Uint8Array): ImageDocument {
  const fields = jsonFields(bytes, 'image config');
  const text = (name: string): string => stringOf(fields.get(name)) ?? '';
  const variant = text('variant');
  const version = text('os.version');
  return {
    platform: {
      os: text('os') || 'linux',
      architecture: text('architecture'),
      ...(variant ? { variant } : {}),
      ...(version ? { 'os.version': version } : {}),
    },
    created: stringOf(fields.get('created')),
    author: text('author'),
    comment: text('comment'),
    dockerVersion: text('docker_version'),
    config: checkedConfig(Object.fromEntries(asFields(fields.get('config')))),
    diffIds: parseDiffIds(asFields(fields.get('rootfs')).get('diff_ids')),
    history: parseHistory(fields.get('history')),
  };
}

const LISTS = ['Env', 'Cmd', 'Entrypoint', 'OnBuild', 'Shell'];
const MAPS = ['ExposedPorts', 'Volumes', 'Labels', 'Healthcheck'];
const TEXTS = ['User', 'WorkingDir', 'StopSignal'];

/** A config with a field of the wrong type must not reach the container rules. */
function checkedConfig(config: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  for (const [name, value] of Object.entries(config)) {
    if (value === null || value === undefined) continue;
    const list = Array.isArray(value) && value.every((item) => typeof item === 'string');
    const map = typeof value === 'object' && !Array.isArray(value);
    const right = LISTS.includes(name)
      ? list
      : MAPS.includes(name)
        ? map
        : TEXTS.includes(name)
          ? typeof value === 'string'
          : true;
    const labels = name !== 'Labels' || Object.values(value).every((item) => typeof item === 'string');
    if (!right || !labels)
      throw new KnownError('invalid_parameter', `malformed image config: ${name} has the wrong type`);
  }
  return config;
}

function parseDiffIds(value: unknown): readonly DiffId[] {
  if (value === undefined || value === null) return [];
  const good =
    Array.isArray(value) && value.every((item): item is DiffId => typeof item === 'string' && isDigest(item));
  if (!good) throw new KnownError('invalid_parameter', 'malformed image config: rootfs.diff_ids');
  return value;
}

function parseHistory(value: unknown): readonly HistoryEntry[] {
  if (!Array.isArray(value)) return [];
  return value.map((item) => {
    const fields = asFields(item);
    const created = stringOf(fields.get('created'));
    return {
      ...(created === undefined ? {} : { created }),
      createdBy: stringOf(fields.get('created_by')) ?? '',
      comment: stringOf(fields.get('comment')) ?? '',
      emptyLayer: fields.get('empty_layer') === true,
    };
  });
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
