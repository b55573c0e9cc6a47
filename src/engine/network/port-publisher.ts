import { isKind, KnownError, messageOf } from '../../lib/errors.ts';
import type { Firewall, PortForward } from '../../linux/firewall/firewall.ts';
import type { HostPorts } from '../../linux/firewall/host-ports.ts';
import type { PortProxies } from '../../linux/firewall/port-proxies.ts';
import type { GatewayMode } from '../../store/record/network-records.ts';
import type { PortWish } from './port-plan.ts';

/** Whose ports are published, and what is by now. */
export interface Publication {
  readonly containerName: string;
  /** Where IPv4 traffic from outside comes in; undefined: nowhere. */
  readonly ipv4: PublishTarget | undefined;
  /** As `ipv4`. */
  readonly ipv6: PublishTarget | undefined;
  readonly forwards: readonly PortForward[];
}

/** The endpoint that the default route of a family goes by. */
export interface PublishTarget {
  readonly endpointId: string;
  readonly ip: string;
  readonly gatewayMode: GatewayMode;
}

/**
 * Published ports: IPv4 addresses of the host are forwarded by the firewall, while a socket of ours holds the port; IPv6 addresses
 * by a proxy that holds it itself.
 */
export interface PortPublisher {
  /**
   * Publishes all wishes; `keep` gets the forwards anew with each one that is held, before anything is forwarded. After an error what was
   * kept last is the caller's to unpublish. Errors: system with Docker's text.
   */
  publish(
    whose: Publication,
    wishes: readonly PortWish[],
    keep: (forwards: readonly PortForward[]) => void,
  ): Promise<readonly PortForward[]>;
  /** The same ports of the host lead to where the container is reached by now. Resolves with the forwards as they are then. */
  move(whose: Publication): Promise<readonly PortForward[]>;
  /** Fine for what is not there. */
  unpublish(forwards: readonly PortForward[]): Promise<void>;
  /** After a start of the daemon: holds these again, and ends what else there is. What is taken by now is reported. */
  recover(forwards: readonly PortForward[]): Promise<void>;
}

export interface PublisherDeps {
  readonly firewall: Firewall;
  readonly ports: HostPorts;
  readonly proxies: PortProxies;
  /** Forwards of all endpoints. */
  readonly published: () => readonly PortForward[];
  readonly report: (what: string, error: unknown) => void;
}

/** Times that a random port is asked for when others of its addresses are taken. */
const RANDOM_TRIES = 16;

export function createPortPublisher({ firewall, ports, proxies, published, report }: PublisherDeps): PortPublisher {
  const release = async (forward: PortForward): Promise<void> =>
    isIPv6(forward)
      ? await proxies.stop(forward)
      : await ports.release(forward.protocol, forward.hostIp, forward.hostPort);

  return {
    async publish(planned, wishes, keep) {
      let { forwards } = planned;
      for (const wish of wishes) {
        forwards = [...forwards, ...(await holdOne({ ...planned, forwards }, wish))];
        keep(forwards);
      }
      await firewall.add(ofFirewall(forwards));
      return forwards;
    },

    async move({ forwards, ipv4 }) {
      const containerIp = ipv4?.ip ?? '';
      const moved = forwards.map((forward) => ({ ...forward, containerIp }));
      await firewall.remove(ofFirewall(forwards));
      await firewall.add(ofFirewall(moved));
      for (const forward of moved.filter(isIPv6)) {
        await proxies.stop(forward);
        await proxies.start(forward);
      }
      return moved;
    },

    async unpublish(forwards) {
      await firewall.remove(ofFirewall(forwards));
      for (const forward of forwards) await release(forward);
    },

    async recover(forwards) {
      const missing = await proxies.recover(forwards.filter(isIPv6));
      for (const forward of [...ofFirewall(forwards), ...missing])
        await hold(forward).catch((error: unknown) =>
          report(`holding port ${forward.hostPort}/${forward.protocol}`, error),
        );
    },
  };

  async function hold(forward: PortForward): Promise<PortForward> {
    const hostPort = isIPv6(forward)
      ? (await proxies.start(forward)).port
      : await ports.hold(forward.protocol, forward.hostIp, forward.hostPort);
    return { ...forward, hostPort };
  }

  async function holdOne(record: Publication, wish: PortWish): Promise<readonly PortForward[]> {
    const failed = (why: string): KnownError =>
      new KnownError(
        'system',
        `failed to set up container networking: driver failed programming external connectivity on endpoint ${record.containerName} (${record.ipv4?.endpointId}): ${why}`,
      );
    // Every address only means IPv6 where there is some.
    const hostIps = wish.hostIps.filter((ip, i) => i === 0 || !ip.includes(':') || proxies.supported());
    const candidates = wish.hostPorts[0] === 0 ? Array.from({ length: RANDOM_TRIES }, () => 0) : wish.hostPorts;
    let taken = hostIps[0];
    for (const port of candidates) {
      const allocated = hostIps.find((ip) => port !== 0 && isAllocated(wish.protocol, ip, port));
      taken = allocated ?? taken;
      if (allocated !== undefined) continue;
      try {
        return await holdAll(record, wish, hostIps, port);
      } catch (error) {
        if (isKind(error, 'conflict') && candidates.length > 1) continue;
        throw failed(messageOf(error));
      }
    }
    throw failed(`Bind for ${taken}:${wish.hostPorts[0]} failed: port is already allocated`);
  }

  /** The same port on all addresses, or on none. Errors: conflict, system. */
  async function holdAll(
    { ipv4 }: Publication,
    { protocol, containerPort }: PortWish,
    hostIps: readonly string[],
    wished: number,
  ): Promise<readonly PortForward[]> {
    const held: PortForward[] = [];
    const containerIp = ipv4?.ip ?? '';
    for (const hostIp of hostIps) {
      const hostPort = held[0]?.hostPort ?? wished;
      try {
        held.push(await hold({ protocol, hostIp, hostPort, containerIp, containerPort }));
      } catch (error) {
        for (const forward of held) await release(forward);
        const host = hostIp.includes(':') ? `[${hostIp}]` : hostIp;
        throw new KnownError(
          isKind(error, 'conflict') ? 'conflict' : 'system',
          `failed to bind host port for ${host}:${hostPort}:${containerIp}:${containerPort}/${protocol}: ${messageOf(error)}`,
          { cause: error },
        );
      }
    }
    return held;
  }

  function isAllocated(protocol: 'tcp' | 'udp', ip: string, port: number): boolean {
    const every = ip.includes(':') ? '::' : '0.0.0.0';
    return published().some(
      (forward) =>
        forward.protocol === protocol &&
        forward.hostPort === port &&
        forward.hostIp.includes(':') === ip.includes(':') &&
        (ip === forward.hostIp || ip === every || forward.hostIp === every),
    );
  }
}

/** Those that the firewall forwards. */
export function ofFirewall(forwards: readonly PortForward[]): readonly PortForward[] {
  return forwards.filter((forward) => !isIPv6(forward));
}

function isIPv6({ hostIp }: PortForward): boolean {
  return hostIp.includes(':');
}
