import type { Secret } from '../../api/types/secret.ts';
import { formatLabels } from './container-rows.ts';
import { humanDuration } from './duration.ts';
import type { RowType } from './row-type.ts';

/** The columns of `docker secret ls`. */
export const SECRET_ROWS: RowType<Secret> = {
  type: '*secret.secretContext',
  labels: ({ Spec }) => Spec?.Labels,
  columns: {
    ID: { title: 'ID', text: ({ ID = '' }) => ID },
    Name: { title: 'NAME', text: ({ Spec }) => Spec?.Name ?? '' },
    Driver: { title: 'DRIVER', text: () => '' },
    CreatedAt: { title: 'CREATED', text: ({ CreatedAt }) => ago(CreatedAt) },
    UpdatedAt: { title: 'UPDATED', text: ({ UpdatedAt }) => ago(UpdatedAt) },
    Labels: { title: 'LABELS', text: ({ Spec }) => formatLabels(Spec?.Labels) },
  },
};

function ago(time = ''): string {
  return `${humanDuration(Date.now() - Date.parse(time))} ago`;
}
