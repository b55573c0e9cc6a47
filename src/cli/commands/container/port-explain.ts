import type { PortExplanation, PortReach } from '../../../api/types/port-explanation.ts';
import { isKind, KnownError } from '../../../lib/errors.ts';
import type { CommandContext } from '../../command.ts';
import { alignTabs } from '../../format/tabwriter.ts';
import { containerPath } from './each.ts';
import { addressOf } from './port-address.ts';

const WHERE: Readonly<Record<PortReach['Where'], string>> = {
  loopback: 'this host, by loopback',
  host: 'this host, by other addresses',
  outside: 'other hosts',
  network: 'containers of %',
  others: 'other networks',
};

const REACHED: Readonly<Record<PortReach['Reached'], string>> = { yes: 'yes', no: 'no', rules: 'if allowed' };

/** `docker port --explain`: `wanted` is one port of the container. Errors: not_implemented by an engine that cannot say. */
export async function explainPort(context: CommandContext, name: string, wanted: string | undefined): Promise<number> {
  const all = await ask(context, name);
  const key = wanted === undefined || wanted.includes('/') ? wanted : `${wanted}/tcp`;
  const ports = all.filter(({ Port }) => key === undefined || Port === key);
  if (wanted !== undefined && ports.length === 0)
    throw new KnownError('not_found', `Error: No public port '${wanted}' published for ${name}`);
  context.out(ports.map(formatExplanation).join('\n'));
  return 0;
}

async function ask({ api }: CommandContext, name: string): Promise<readonly PortExplanation[]> {
  try {
    return await api.json<readonly PortExplanation[]>('GET', containerPath(name, '/ports'));
  } catch (error) {
    // Not of a container that is not there: the engine has no such page.
    if (isKind(error, 'not_found') && error.message.includes('page not found'))
      throw new KnownError('not_implemented', 'docker port --explain: the engine does not explain ports; skiff does', {
        cause: error,
      });
    throw error;
  }
}

export function formatExplanation({ Port, HostIp, HostPort, Target, Network, From }: PortExplanation): string {
  const to = HostPort === '' ? `${Target}, no port of the host` : `${addressOf({ HostIp, HostPort })} to ${Target}`;
  const rows = From.map(({ Where, Reached, Why }) =>
    [`  ${WHERE[Where].replace('%', Network)}`, REACHED[Reached], Why].join('\t'),
  );
  return `${Port} -> ${to}\n${alignTabs(['  FROM\tREACHED\tWHY', ...rows].join('\n'))}\n`;
}
