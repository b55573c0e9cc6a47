import type { ContainerInspectResponse, PortMap } from '../../../api/types/container.ts';
import { KnownError } from '../../../lib/errors.ts';
import type { Command } from '../../command.ts';
import { containerPath } from './each.ts';
import { addressOf } from './port-address.ts';

/** `docker port`; `--explain` is ours. */
export const port: Command = {
  usage: 'docker port CONTAINER [PRIVATE_PORT[/PROTO]]',
  description: 'List port mappings or a specific mapping for the container',
  flags: [
    {
      name: 'explain',
      kind: 'bool',
      hidden: true,
      description: 'Show from where each published port is reached, and by which rule',
    },
  ],
  args: { min: 1, max: 2 },
  async run(context, { flags, args }) {
    const [name = '', wanted] = args;
    if (flags.bool('explain')) {
      const { explainPort } = await import('./port-explain.ts');
      return await explainPort(context, name, wanted);
    }
    const found = await context.api.json<ContainerInspectResponse>('GET', containerPath(name, '/json'));
    const ports = found.NetworkSettings?.Ports ?? {};
    const lines = wanted === undefined ? allPorts(ports) : onePort(ports, wanted, name);
    context.out(lines.map((line) => `${line}\n`).join(''));
    return 0;
  },
};

/** Every published port, by number: `80/tcp -> 0.0.0.0:8080`. */
export function allPorts(ports: PortMap): readonly string[] {
  return Object.entries(ports)
    .sort(([a], [b]) => Number.parseInt(a, 10) - Number.parseInt(b, 10) || (a < b ? -1 : 1))
    .flatMap(([key, bindings]) => (bindings ?? []).map((binding) => `${key} -> ${addressOf(binding)}`));
}

/** The addresses that lead to one port. Errors: invalid_parameter, not_found. */
export function onePort(ports: PortMap, wanted: string, container: string): readonly string[] {
  const [number = '', proto = 'tcp'] = wanted.split('/');
  if (!/^\d+$/.test(number) || Number(number) > 65535) {
    const reason = /^\d+$/.test(number) ? 'value out of range' : 'invalid syntax';
    const cause = `strconv.ParseUint: parsing ${JSON.stringify(number)}: ${reason}`;
    throw new KnownError('invalid_parameter', `Error: invalid port (${number}): ${cause}`);
  }
  const bindings = ports[`${Number(number)}/${proto}`] ?? [];
  if (bindings.length === 0) {
    throw new KnownError('not_found', `Error: No public port '${wanted}' published for ${container}`);
  }
  return bindings.map(addressOf);
}
