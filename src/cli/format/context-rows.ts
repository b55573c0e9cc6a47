import { ellipsis } from './ellipsis.ts';
import type { RowType } from './row-type.ts';

export interface ContextRow {
  readonly name: string;
  readonly current: boolean;
  readonly description: string;
  readonly host: string;
  /** Why it cannot be used; empty: it can. */
  readonly error: string;
}

const ERROR_COLUMNS = 45;

/** The columns of `docker context ls`; the table shows two of them otherwise than templates do. */
export const CONTEXT_ROWS: RowType<ContextRow> = {
  type: '*formatter.clientContextContext',
  columns: {
    Current: { title: 'CURRENT', text: ({ current }) => String(current), value: ({ current }) => current },
    Description: { title: 'DESCRIPTION', text: ({ description }) => description },
    DockerEndpoint: { title: 'DOCKER ENDPOINT', text: ({ host }) => host },
    Error: { title: 'ERROR', text: ({ error }) => error },
    Name: { title: 'NAME', text: ({ name }) => name },
    ShownName: { title: 'NAME', text: ({ name, current }) => `${name}${current ? ' *' : ''}`, hidden: true },
    ShownError: { title: 'ERROR', text: ({ error }) => ellipsis(error, ERROR_COLUMNS), hidden: true },
  },
};
