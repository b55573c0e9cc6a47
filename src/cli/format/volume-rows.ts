import type { Volume } from '../../api/types/volume.ts';
import { formatLabels } from './container-rows.ts';
import type { RowType } from './row-type.ts';
import { humanSize } from './size.ts';

/** The columns of `docker volume ls`. */
export const VOLUME_ROWS: RowType<Volume> = {
  type: '*formatter.volumeContext',
  labels: (row) => row.Labels,
  columns: {
    Name: { title: 'VOLUME NAME', text: ({ Name = '' }) => Name },
    Driver: { title: 'DRIVER', text: ({ Driver = '' }) => Driver },
    Scope: { title: 'SCOPE', text: ({ Scope = '' }) => Scope },
    Mountpoint: { title: 'MOUNTPOINT', text: ({ Mountpoint = '' }) => Mountpoint },
    Labels: { title: 'LABELS', text: ({ Labels }) => formatLabels(Labels) },
    Links: { title: 'LINKS', text: ({ UsageData }) => (UsageData ? String(UsageData.RefCount) : 'N/A') },
    Size: { title: 'SIZE', text: ({ UsageData }) => (UsageData ? humanSize(UsageData.Size ?? 0) : 'N/A') },
    Group: { title: 'GROUP', text: () => 'N/A' },
    Availability: { title: 'AVAILABILITY', text: () => 'N/A' },
    Status: { title: 'STATUS', text: () => 'N/A' },
  },
};
