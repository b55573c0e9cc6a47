import type { PortExplanation, PortReach } from '../../api/types/port-explanation.ts';
import type { Obstacles, PortForward } from '../../linux/firewall/firewall.ts';
import type { NetworkRecord, SandboxRecord } from '../../store/record/network-records.ts';
import type { RecordLookup } from './gateways.ts';
import { needsProxy } from './publish-entries.ts';

interface Surroundings {
  readonly networkOf: RecordLookup;
  readonly obstacles: Obstacles;
  /** Of our rules, such as `inet skiff_docker0`. */
  readonly table: string;
}

type Answer = Omit<PortReach, 'Where'>;

/** From where each published port of a container is reached, and by which rule. The rules that it tells of are those of linux/firewall/ruleset.ts. Pure. */
export function explainPorts(record: SandboxRecord, around: Surroundings): readonly PortExplanation[] {
  return record.forwards.flatMap((forward) => {
    const endpoint = record.endpoints.find(({ wired }) => [wired?.ip, wired?.ip6].includes(forward.containerIp));
    const network = endpoint && around.networkOf(endpoint.networkId);
    if (!network) return [];
    const ways = forward.hostPort === 0 ? explainOpen(forward, network, around) : explainHeld(forward, network, around);
    const { protocol, hostIp, hostPort, containerIp, containerPort } = forward;
    return [
      {
        Port: `${containerPort}/${protocol}`,
        HostIp: hostIp,
        HostPort: hostPort === 0 ? '' : String(hostPort),
        Target: `${containerIp.includes(':') ? `[${containerIp}]` : containerIp}:${containerPort}`,
        Network: network.name,
        From: (['loopback', 'host', 'outside', 'network', 'others'] as const).map((Where) => ({
          Where,
          ...ways[Where],
        })),
      },
    ];
  });
}

/** A port of the host. */
function explainHeld(
  forward: PortForward,
  network: NetworkRecord,
  { obstacles, table }: Surroundings,
): Readonly<Record<PortReach['Where'], Answer>> {
  const { protocol, hostIp, hostPort, byHost } = forward;
  const version = versionOf(hostIp);
  const every = hostIp === '0.0.0.0' || hostIp === '::';
  const loopback = hostIp.startsWith('127.') || hostIp === '::1';
  const passed = yes(
    `skiff-proxy takes it at ${shown(hostIp)}:${hostPort} and passes it on; the container sees the host's address`,
  );
  const translated = yes(
    `map ${protocol}_${every ? 'any' : 'one'}${version} of table ${table} translates the destination`,
  );
  const crosses = versionOf(forward.containerIp) !== version;
  const kernel = byHost || crosses ? passed : translated;
  const elsewhere = no(`it is published at ${shown(hostIp)} alone`);
  const beyond = loopback
    ? elsewhere
    : passesInput(forward)
      ? throughInput(forward, obstacles)
      : throughForward(forward, kernel, obstacles);
  return {
    loopback: every || loopback ? (needsProxy(forward) && version === 6 ? passed : kernel) : elsewhere,
    host: loopback ? elsewhere : kernel,
    outside: beyond,
    network:
      network.icc || byHost || crosses || loopback
        ? beyond
        : no(`chain into_${network.link} of table ${table}: containers of this network do not reach each other`),
    others: beyond.Reached === 'no' ? beyond : { ...beyond, Why: `${beyond.Why}; never from internal networks` },
  };
}

/** A port of the container's own address: no port of the host. */
function explainOpen(
  forward: PortForward,
  network: NetworkRecord,
  { obstacles, table }: Surroundings,
): Readonly<Record<PortReach['Where'], Answer>> {
  const none = no(`gateway mode routed: no port of the host leads there`);
  const open = yes(
    `set open${versionOf(forward.containerIp)} of table ${table} lets in what comes for the container's own address`,
  );
  const beyond = throughForward(forward, open, obstacles);
  return {
    loopback: none,
    host: yes("the host has a route to the container's own address"),
    outside: beyond.Reached === 'no' ? beyond : { ...beyond, Why: `${beyond.Why}, where a route leads to it` },
    network: network.icc ? yes('it is on the same bridge') : no('containers of this network do not reach each other'),
    others: beyond,
  };
}

/** Whether what comes from elsewhere passes the host's input chains. */
function passesInput(forward: PortForward): boolean {
  return forward.byHost === true || versionOf(forward.hostIp) !== versionOf(forward.containerIp);
}

function throughInput({ protocol, hostIp, hostPort }: PortForward, { input }: Obstacles): Answer {
  const walls = input.filter(({ family }) => isOf(family, hostIp));
  if (walls.length === 0)
    return yes("the host's own input rules decide, and none drops what it does not name; skiff-proxy passes it on");
  return {
    Reached: 'rules',
    Why: `${walls.map(chainText).join(' and ')} must accept ${protocol} port ${hostPort}`,
  };
}

function throughForward({ containerIp }: PortForward, answer: Answer, { forward }: Obstacles): Answer {
  const walls = forward.filter(({ family }) => isOf(family, containerIp));
  if (walls.length === 0) return answer;
  return { Reached: 'rules', Why: `${answer.Why}; then ${walls.map(chainText).join(' and ')} must accept it` };
}

function chainText({ family, table, name }: Obstacles['input'][number]): string {
  return `chain ${name} of table ${family} ${table} (it drops what no rule of it names)`;
}

function isOf(family: string, ip: string): boolean {
  return family === 'inet' || (family === 'ip6') === ip.includes(':');
}

function versionOf(ip: string): 4 | 6 {
  return ip.includes(':') ? 6 : 4;
}

function shown(ip: string): string {
  return ip.includes(':') ? `[${ip}]` : ip;
}

function yes(Why: string): Answer {
  return { Reached: 'yes', Why };
}

function no(Why: string): Answer {
  return { Reached: 'no', Why };
}
