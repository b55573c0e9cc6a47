import type { ImageDraft } from '../../build/plan/image-draft.ts';
import type { StageLayers } from './work.ts';

/** Fields of `config` in the order that BuildKit writes them; what else a base has comes after. */
const ORDER = [
  'User',
  'ExposedPorts',
  'Env',
  'Entrypoint',
  'Cmd',
  'Volumes',
  'WorkingDir',
  'Labels',
  'StopSignal',
  'ArgsEscaped',
  'Healthcheck',
  'OnBuild',
  'Shell',
];

/** The image's JSON document (image-spec config.md). `created`: RFC 3339; entries of the base keep their own time. */
export function imageDocument(
  { platform, author, config, history }: ImageDraft,
  layers: StageLayers,
  created: string,
): object {
  return {
    architecture: platform.architecture,
    ...(author === '' ? {} : { author }),
    config: ordered(config),
    created,
    history: history.map((entry) => ({
      created: entry.created ?? created,
      ...(entry.createdBy === '' ? {} : { created_by: entry.createdBy }),
      ...(entry.comment === '' ? {} : { comment: entry.comment }),
      ...(entry.emptyLayer ? { empty_layer: true } : {}),
    })),
    os: platform.os,
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.diffId) },
    ...(platform.variant ? { variant: platform.variant } : {}),
  };
}

function ordered(config: object): object {
  const fields = new Map<string, unknown>(Object.entries(config));
  const names = [
    ...ORDER.filter((name) => fields.has(name)),
    ...[...fields.keys()].filter((name) => !ORDER.includes(name)),
  ];
  return Object.fromEntries(names.map((name) => [name, sorted(fields.get(name))]));
}

/** Maps are written in the order of their keys. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
