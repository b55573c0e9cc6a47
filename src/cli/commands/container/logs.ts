import type { ContainerInspectResponse } from '../../../api/types/container.ts';
import type { Command } from '../../command.ts';
import { parseTimestamp } from '../../parse/timestamp.ts';
import { createDemux } from '../../streams/stdcopy.ts';
import { containerPath } from './each.ts';

const SINCE_HELP = '(e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)';

/** `docker logs`. */
export const logs: Command = {
  usage: 'docker logs [OPTIONS] CONTAINER',
  description: 'Fetch the logs of a container',
  flags: [
    { name: 'details', kind: 'bool', description: 'Show extra details provided to logs' },
    { name: 'follow', short: 'f', kind: 'bool', description: 'Follow log output' },
    { name: 'since', kind: 'string', description: `Show logs since timestamp ${SINCE_HELP}` },
    {
      name: 'tail',
      short: 'n',
      kind: 'string',
      default: 'all',
      description: 'Number of lines to show from the end of the logs',
    },
    { name: 'timestamps', short: 't', kind: 'bool', description: 'Show timestamps' },
    { name: 'until', kind: 'string', description: `Show logs before a timestamp ${SINCE_HELP}` },
  ],
  args: { min: 1, max: 1 },
  async run({ api, out, err }, { flags, args }) {
    const found = await api.json<ContainerInspectResponse>('GET', containerPath(args[0] ?? '', '/json'));
    const now = Date.now();
    const query = {
      details: flags.bool('details'),
      follow: flags.bool('follow'),
      since: parseTimestamp('since', flags.text('since'), now),
      stderr: true,
      stdout: true,
      tail: flags.text('tail'),
      timestamps: flags.bool('timestamps'),
      until: parseTimestamp('until', flags.text('until'), now),
    };
    const response = await api.send('GET', containerPath(found.Id ?? '', '/logs'), { query });
    const demux = found.Config?.Tty ? { push: out } : createDemux(out, err);
    for await (const chunk of response.body) demux.push(chunk);
    return 0;
  },
};
