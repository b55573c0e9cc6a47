import type { Network } from '../../api/types/network.ts';
import { formatLabels } from './container-rows.ts';
import { shortId } from './ellipsis.ts';
import type { RowType } from './row-type.ts';
import { formatTime } from './time.ts';

/** The columns of `docker network ls`. */
export function networkRows(truncate: boolean): RowType<Network> {
  return {
    type: '*network.networkContext',
    labels: (row) => row.Labels,
    columns: {
      ID: { title: 'NETWORK ID', text: ({ Id = '' }) => (truncate ? shortId(Id) : Id) },
      Name: { title: 'NAME', text: ({ Name = '' }) => Name },
      Driver: { title: 'DRIVER', text: ({ Driver = '' }) => Driver },
      Scope: { title: 'SCOPE', text: ({ Scope = '' }) => Scope },
      IPv4: { title: 'IPV4', text: ({ EnableIPv4 = false }) => String(EnableIPv4) },
      IPv6: { title: 'IPV6', text: ({ EnableIPv6 = false }) => String(EnableIPv6) },
      Internal: { title: 'INTERNAL', text: ({ Internal = false }) => String(Internal) },
      Labels: { title: 'LABELS', text: ({ Labels }) => formatLabels(Labels) },
      CreatedAt: { title: 'CREATED AT', text: ({ Created = '' }) => formatCreated(Created) },
    },
  };
}

/** Go's time.String of an RFC 3339 time, fractions as given, without zeros behind. */
function formatCreated(created: string): string {
  const fraction = /\.(\d*[1-9])0*(?=Z|[+-])/.exec(created)?.[1];
  const whole = formatTime(Math.floor(Date.parse(created) / 1000));
  return fraction === undefined ? whole : whole.replace(/^.{19}/, (date) => `${date}.${fraction}`);
}
