import type { ContainerSummary } from '../../api/types/container.ts';
import { humanDuration } from './duration.ts';
import { ellipsis, shortId } from './ellipsis.ts';
import { formatPorts } from './ports.ts';
import type { RowType } from './row-type.ts';
import { humanSize } from './size.ts';
import { quote } from './template/quote.ts';
import type { Struct, Value } from './template/value.ts';
import { formatTime } from './time.ts';

const COMMAND_COLUMNS = 20;
const MOUNT_COLUMNS = 15;
const NO_PLATFORM: Value = { kind: 'nil', type: '*formatter.Platform' };

/** The columns of `docker ps`. `truncate` false: --no-trunc. `nowMs`: since when RunningFor counts. */
export function containerRows(truncate: boolean, nowMs: number): RowType<ContainerSummary> {
  return {
    type: '*formatter.ContainerContext',
    labels: (row) => row.Labels,
    columns: {
      ID: { title: 'CONTAINER ID', text: ({ Id = '' }) => (truncate ? shortId(Id) : Id) },
      Image: { title: 'IMAGE', text: (row) => imageOf(row, truncate) },
      Command: {
        title: 'COMMAND',
        text: ({ Command = '' }) => quote(truncate ? ellipsis(Command, COMMAND_COLUMNS) : Command),
      },
      CreatedAt: { title: 'CREATED AT', text: ({ Created = 0 }) => formatTime(Created) },
      RunningFor: { title: 'CREATED', text: ({ Created = 0 }) => `${humanDuration(nowMs - Created * 1000)} ago` },
      Status: { title: 'STATUS', text: ({ Status = '' }) => Status },
      Ports: { title: 'PORTS', text: ({ Ports }) => formatPorts(Ports ?? []) },
      Names: { title: 'NAMES', text: (row) => namesOf(row, truncate) },
      Size: { title: 'SIZE', text: sizeOf },
      State: { title: 'STATE', text: ({ State = '' }) => State },
      Labels: { title: 'LABELS', text: ({ Labels }) => formatLabels(Labels) },
      Mounts: { title: 'MOUNTS', text: (row) => mountsOf(row, truncate).join(',') },
      LocalVolumes: {
        title: 'LOCAL VOLUMES',
        text: ({ Mounts }) => String((Mounts ?? []).filter((mount) => mount.Driver === 'local').length),
      },
      Networks: { title: 'NETWORKS', text: (row) => Object.keys(row.NetworkSettings?.Networks ?? {}).join(',') },
      Platform: { title: 'PLATFORM', text: () => '', value: platformOf },
    },
  };
}

/** `a=1,b=2`, sorted. */
export function formatLabels(labels: Readonly<Record<string, string>> | null | undefined): string {
  return Object.entries(labels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(',');
}

/** What it was made from; an id as its short form, a digest left out beside a name. */
function imageOf({ Image = '', ImageID = '' }: ContainerSummary, truncate: boolean): string {
  if (Image === '') return '<no image>';
  if (!truncate) return Image;
  if (shortId(ImageID) === shortId(Image)) return shortId(ImageID);
  return Image.replace(/@sha256:[0-9a-f]{64}$/, '')
    .replace(/^(?:index\.)?docker\.io\//, '')
    .replace(/^library\/(?=[^/]+$)/, '');
}

/** Without the slash; truncated, only the container's own name and no alias of a link. */
function namesOf({ Names }: ContainerSummary, truncate: boolean): string {
  const names = (Names ?? []).map((name) => name.replace(/^\//, ''));
  const own = truncate ? names.find((name) => !name.includes('/')) : undefined;
  return own ?? names.join(',');
}

function sizeOf({ SizeRw, SizeRootFs }: ContainerSummary): string {
  const own = humanSize(SizeRw ?? 0, 3);
  return SizeRootFs ? `${own} (virtual ${humanSize(SizeRootFs, 3)})` : own;
}

function mountsOf({ Mounts }: ContainerSummary, truncate: boolean): readonly string[] {
  return (Mounts ?? []).map((mount) => {
    const name = mount.Name || mount.Source || '';
    return truncate ? ellipsis(name, MOUNT_COLUMNS) : name;
  });
}

function platformOf({ ImageManifestDescriptor: descriptor }: ContainerSummary): Value {
  const platform = descriptor?.platform;
  if (!platform) return NO_PLATFORM;
  const { os = '', architecture = '', variant = '' } = platform;
  const text = [os, architecture, variant].filter((part) => part !== '').join('/');
  const members: Readonly<Record<string, string>> = { OS: os, Architecture: architecture, Variant: variant };
  const struct: Struct = {
    kind: 'struct',
    type: 'formatter.Platform',
    member: (name) => (Object.hasOwn(members, name) ? { kind: 'value', value: members[name] } : undefined),
    values: () => Object.values(members),
    json: () => JSON.stringify({ architecture, os, ...(variant ? { variant } : {}) }),
    text: () => text,
  };
  return struct;
}
