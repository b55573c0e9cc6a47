import { dirname } from 'node:path';
import { messageOf } from '../../../lib/errors.ts';
import type { Command } from '../../command.ts';
import { listContexts, readContext } from '../../config/context-store.ts';
import { DEFAULT_DESCRIPTION, defaultContext, descriptionOf, hostOf } from '../../config/docker-endpoint.ts';
import { CONTEXT_ROWS, type ContextRow } from '../../format/context-rows.ts';
import { LIST_FORMAT_FLAG } from '../../format/format-flag.ts';
import { formatRows } from '../../format/table.ts';
import { overrideWarning } from './endpoint-flags.ts';

/** `docker context ls`: the default one too, and the one in use though it is missing. */
export const ls: Command = {
  usage: 'docker context ls [OPTIONS]',
  description: 'List contexts',
  withoutDaemon: true,
  flags: [LIST_FORMAT_FLAG, { name: 'quiet', short: 'q', kind: 'bool', description: 'Only show context names' }],
  args: { min: 0, max: 0 },
  async run({ out, err, config }, { flags }) {
    const directory = dirname(config.path);
    const { contextName: current } = config;
    const rows: ContextRow[] = listContexts(directory).map((meta) => ({
      name: meta.Name,
      current: meta.Name === current,
      description: descriptionOf(meta),
      host: hostOf(meta),
      error: '',
    }));
    rows.push({
      name: 'default',
      current: current === 'default',
      description: DEFAULT_DESCRIPTION,
      host: hostOf(defaultContext(process.env['DOCKER_HOST'])),
      error: '',
    });
    if (!rows.some((row) => row.current)) rows.push(missing(directory, current));
    rows.sort((a, b) => (a.name < b.name ? -1 : 1));
    const format = flags.text('format');
    const wanted = flags.bool('quiet') && (format === '' || format === 'table') ? '{{.Name}}' : format;
    out(await formatRows(CONTEXT_ROWS, rows, wanted, ['ShownName', 'Description', 'DockerEndpoint', 'ShownError']));
    if (!flags.bool('quiet') && process.env['DOCKER_HOST']) err(overrideWarning('a context'));
    return 0;
  },
};

function missing(directory: string, name: string): ContextRow {
  const row = { name, current: true, description: '', host: '' };
  try {
    readContext(directory, name);
    return { ...row, error: '' };
  } catch (error) {
    return { ...row, error: messageOf(error) };
  }
}
