import type { ContainerTopResponse } from '../../../api/types/container.ts';
import type { Command } from '../../command.ts';
import { containerPath } from './each.ts';

/** `docker top`. */
export const top: Command = {
  usage: 'docker top CONTAINER [ps OPTIONS]',
  description: 'Display the running processes of a container',
  flags: [],
  args: { min: 1 },
  interspersed: false,
  async run(context, { args }) {
    const [name = '', ...options] = args;
    const query = { ps_args: options.join(' ') };
    const found = await context.api.json<ContainerTopResponse>('GET', containerPath(name, '/top'), { query });
    context.out(formatTop([found.Titles ?? [], ...(found.Processes ?? [])]));
    return 0;
  },
};

const MIN_COLUMNS = 20;
const GAP_COLUMNS = 3;

/** Columns at least 20 wide, three blanks apart; the last one ends the line. */
export function formatTop(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.slice(0, -1).entries()) {
      widths[index] = Math.max(widths[index] ?? MIN_COLUMNS, cell.length + GAP_COLUMNS);
    }
  }
  const line = (row: readonly string[]): string =>
    row.map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd(widths[index] ?? 0))).join('');
  return rows.map((row) => `${line(row)}\n`).join('');
}
