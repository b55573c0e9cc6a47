import type { SystemDataUsage } from '../../api/types/system.ts';
import { buildCacheRows, sortBuildCache } from './build-cache-rows.ts';
import { containerRows } from './container-rows.ts';
import { imageRows } from './image-rows.ts';
import type { RowType } from './row-type.ts';
import { toStruct } from './rows.ts';
import { parseTemplate } from './template/template.ts';
import { type List, type Struct, toList } from './template/value.ts';
import { firstNames, ownSizes } from './usage-text.ts';
import { VOLUME_ROWS } from './volume-rows.ts';

const RAW =
  '{{range .Images}}type: Image\nrepository: {{.Repository}}\ntag: {{.Tag}}\ndigest: {{.Digest}}\nimage_id: {{.ID}}\n' +
  'created_at: {{.CreatedAt}}\nvirtual_size: {{.Size}}\n\n{{end -}}\n' +
  '{{range .Containers}}type: Container\ncontainer_id: {{.ID}}\nimage: {{.Image}}\ncommand: {{.Command}}\n' +
  'created_at: {{.CreatedAt}}\nstate: {{- pad .State 1 0}}\nstatus: {{- pad .Status 1 0}}\nnames: {{.Names}}\n' +
  'labels: {{- pad .Labels 1 0}}\nports: {{- pad .Ports 1 0}}\nsize: {{.Size}}\n\n{{end -}}\n' +
  '{{range .Volumes}}type: Volume\nname: {{.Name}}\ndriver: {{.Driver}}\n\n{{end -}}\n' +
  '{{range .BuildCache}}type: Build Cache\nbuild_cache_id: {{.ID}}\nparent_id: {{.Parent}}\n' +
  'build_cache_type: {{.CacheType}}\ndescription: {{.Description}}\ncreated_at: {{.CreatedAt}}\n' +
  'created_since: {{.CreatedSince}}\nlast_used_at: {{.LastUsedAt}}\nlast_used_since: {{.LastUsedSince}}\n' +
  'usage_count: {{.UsageCount}}\nin_use: {{.InUse}}\nshared: {{.Shared}}\n\n{{end -}}';

/** `docker system df -v --format`: one template over all of it. Errors: invalid_parameter. */
export function formatUsageTemplate(usage: SystemDataUsage, format: string, nowMs: number): string {
  const source = format === 'json' ? '{{json .}}' : format === 'raw' ? RAW : format;
  const text = source.trim().replaceAll('\\t', '\t').replaceAll('\\n', '\n');
  return parseTemplate(text).execute(toUsage(usage, nowMs));
}

function toUsage(usage: SystemDataUsage, nowMs: number): Struct {
  const fields: Readonly<Record<string, List>> = {
    Images: listOf(imageRows(false, nowMs), firstNames(usage)),
    Containers: listOf(containerRows(false, nowMs), ownSizes(usage)),
    Volumes: listOf(VOLUME_ROWS, usage.Volumes ?? []),
    BuildCache: listOf(buildCacheRows(false, nowMs), sortBuildCache(usage.BuildCache ?? [])),
  };
  return {
    kind: 'struct',
    type: '*formatter.diskUsageContext',
    member: (name) => (Object.hasOwn(fields, name) ? { kind: 'value', value: fields[name] } : undefined),
    values: () => Object.values(fields),
    json: () =>
      `{${Object.entries(fields)
        .map(([name, { items }]) => `"${name}":[${items.map(jsonOf).join(',')}]`)
        .join(',')}}`,
  };
}

function jsonOf(item: List['items'][number]): string {
  return (item as Struct).json();
}

function listOf<Row>(rowType: RowType<Row>, rows: readonly Row[]): List {
  return toList(
    rows.map((row) => toStruct(rowType, row)),
    `[]${rowType.type}`,
  );
}
