import type { PortProtocol } from '../../linux/firewall/firewall.ts';
import { badPublishPolicy } from './errors.ts';

/**
 * Who decides about who reaches a published port. `docker`: everybody does, whatever the host's rules for its own ports say, as with Docker.
 * `host-firewall`: the host's own input rules, as for a program of the host.
 */
export type PublishMode = 'docker' | 'host-firewall';

/** Of a port of the container. */
export type PublishPolicy = (port: number, protocol: PortProtocol) => PublishMode;

/** With `.80/tcp` (or `.80`) behind it: of that port of the container alone. */
export const PUBLISH_LABEL = 'skiff.published-ports';

/** What a container's labels say, else what the daemon does (`fallback`). Errors: invalid_parameter for another value. */
export function publishPolicy(labels: Readonly<Record<string, string>>, fallback: PublishMode): PublishPolicy {
  for (const [name, value] of Object.entries(labels))
    if (name === PUBLISH_LABEL || name.startsWith(`${PUBLISH_LABEL}.`)) checkLabel(name, value);
  const modeOf = (name: string): PublishMode | undefined => labels[name] as PublishMode | undefined;
  return (port, protocol) =>
    modeOf(`${PUBLISH_LABEL}.${port}/${protocol}`) ??
    (protocol === 'tcp' ? modeOf(`${PUBLISH_LABEL}.${port}`) : undefined) ??
    modeOf(PUBLISH_LABEL) ??
    fallback;
}

function checkLabel(name: string, value: string): void {
  const port = name.slice(PUBLISH_LABEL.length);
  if (!/^(\.\d{1,5}(\/(tcp|udp|sctp))?)?$/.test(port) || (value !== 'docker' && value !== 'host-firewall'))
    throw badPublishPolicy(name, value);
}
