import type { Flag, Flags } from '../../../lib/flags/flag.ts';
import { parseSize } from '../../../lib/size.ts';
import { parseMap } from '../../parse/map.ts';

/** The options of `docker volume create` that are for volumes of a swarm. */
export const CLUSTER_FLAGS: readonly Flag[] = [
  {
    name: 'availability',
    kind: 'string',
    default: 'active',
    description: 'Cluster Volume availability ("active", "pause", "drain")',
  },
  { name: 'group', kind: 'string', description: 'Cluster Volume group (cluster volumes)' },
  {
    name: 'limit-bytes',
    kind: 'string',
    placeholder: 'bytes',
    description: 'Minimum size of the Cluster Volume in bytes',
    check: parseSize,
  },
  {
    name: 'required-bytes',
    kind: 'string',
    placeholder: 'bytes',
    description: 'Maximum size of the Cluster Volume in bytes',
    check: parseSize,
  },
  {
    name: 'scope',
    kind: 'string',
    default: 'single',
    description: 'Cluster Volume access scope ("single", "multi")',
  },
  { name: 'secret', kind: 'list', placeholder: 'map', description: 'Cluster Volume secrets (default map[])' },
  {
    name: 'sharing',
    kind: 'string',
    default: 'none',
    description: 'Cluster Volume access sharing ("none", "readonly", "onewriter", "all")',
  },
  {
    name: 'topology-preferred',
    kind: 'list',
    description: 'A topology that the Cluster Volume would be preferred in',
  },
  {
    name: 'topology-required',
    kind: 'list',
    description: 'A topology that the Cluster Volume must be accessible from',
  },
  {
    name: 'type',
    kind: 'string',
    default: 'block',
    description: 'Cluster Volume access type ("mount", "block")',
  },
];

/** Any of these makes it a volume of a swarm. */
const DECIDING = ['group', 'scope', 'sharing', 'availability', 'type', 'secret', 'limit-bytes', 'required-bytes'];

/** As Go's client writes it (api/types/volume/cluster_volume.go of moby), which the API definition nests otherwise; undefined for a volume of this engine. */
export function clusterSpec(flags: Flags): object | undefined {
  if (!DECIDING.some((name) => flags.given(name))) return undefined;
  const bytes = (name: string): number => (flags.text(name) === '' ? 0 : parseSize(flags.text(name)));
  const topology = (name: string): object[] =>
    flags.list(name).map((text) => ({ Segments: parseMap(text.split(',')) }));
  const secrets = Object.entries(parseMap(flags.list('secret'))).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const type = flags.text('type');
  return {
    Group: flags.text('group'),
    AccessMode: {
      Scope: flags.text('scope'),
      Sharing: flags.text('sharing'),
      ...(type === 'mount' ? { MountVolume: {} } : {}),
      ...(type === 'block' ? { BlockVolume: {} } : {}),
    },
    AccessibilityRequirements: {
      Requisite: topology('topology-required'),
      Preferred: topology('topology-preferred'),
    },
    CapacityRange: { RequiredBytes: bytes('required-bytes'), LimitBytes: bytes('limit-bytes') },
    Secrets: secrets.map(([Key, Secret]) => ({ Key, Secret })),
    Availability: flags.text('availability'),
  };
}
