import { isKind, KnownError, messageOf } from '../../lib/errors.ts';
import type { Firewall, PortForward, PortProtocol } from '../../linux/firewall/firewall.ts';
import type { HostPorts } from '../../linux/firewall/host-ports.ts';
import type { PortProxies } from '../../linux/firewall/port-proxies.ts';
import type { PortWish } from './port-plan.ts';
import {
  hasMoved,
  isHeldBySocket,
  isProxied,
  needsProxy,
  type Publication,
  type PublishEntry,
  planEntries,
  retarget,
} from './publish-entries.ts';

/**
 * Published ports. The firewall translates within a family, while something of ours holds the port: a socket of the daemon, or a proxy. A proxy
 * also forwards what the kernel does not translate: from one family to the other, from ::1, and where the host's own rules are to decide. In a
 * routed network nothing is held: the port is opened at the container's own address.
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
  /**
   * The same ports of the host lead to where the container is reached by now. Where that has another gateway mode, the wishes are published
   * anew. Resolves with the forwards as they are then. Errors: those of publish.
   */
  move(
    whose: Publication,
    wishes: readonly PortWish[],
    keep: (forwards: readonly PortForward[]) => void,
  ): Promise<readonly PortForward[]>;
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
/** Nothing can hold an SCTP port: a random one is the first from here on that no container has. */
const SCTP_FIRST = 49_153;

export function createPortPublisher({ firewall, ports, proxies, published, report }: PublisherDeps): PortPublisher {
  const publish: PortPublisher['publish'] = async (planned, wishes, keep) => {
    let { forwards } = planned;
    for (const wish of wishes) {
      const more = await publishOne(planned, wish);
      try {
        keep([...forwards, ...more]);
      } catch (error) {
        for (const forward of more) await release(forward);
        throw error;
      }
      forwards = [...forwards, ...more];
    }
    await firewall.add(forwards);
    return forwards;
  };
  const unpublish = async (forwards: readonly PortForward[]): Promise<void> => {
    await firewall.remove(forwards);
    for (const forward of forwards) await release(forward);
  };

  return {
    publish,
    unpublish,

    async move(whose, wishes, keep) {
      const { forwards } = whose;
      const moved = forwards.map((forward) => retarget(forward, whose));
      if (!moved.every((forward) => forward !== undefined)) {
        keep([]);
        await unpublish(forwards);
        return await publish({ ...whose, forwards: [] }, wishes, keep);
      }
      // First: a table that is made anew meanwhile is made of what is kept.
      keep(moved);
      await firewall.remove(forwards);
      await firewall.add(moved);
      for (const forward of moved.filter((one, i) => isProxied(one) && hasMoved(one, forwards[i]))) {
        await proxies.stop(forward);
        await proxies.start(forward);
      }
      return moved;
    },

    async recover(forwards) {
      const missing = await proxies.recover(forwards.filter(isProxied));
      for (const forward of [...forwards.filter(isHeldBySocket), ...missing])
        await hold(forward).catch((error: unknown) =>
          report(`holding port ${forward.hostPort}/${forward.protocol}`, error),
        );
    },
  };

  async function hold(forward: PortForward): Promise<PortForward> {
    if (needsProxy(forward)) return { ...forward, hostPort: (await proxies.start(forward)).port };
    const { protocol, hostIp, hostPort } = forward;
    if (protocol === 'sctp') return { ...forward, hostPort: hostPort || freeSctpPort(hostIp) };
    return { ...forward, hostPort: await ports.hold(protocol, hostIp, hostPort) };
  }

  async function release(forward: PortForward): Promise<void> {
    const { protocol, hostIp, hostPort } = forward;
    if (isProxied(forward)) await proxies.stop(forward);
    else if (isHeldBySocket(forward) && protocol !== 'sctp') await ports.release(protocol, hostIp, hostPort);
  }

  async function publishOne(whose: Publication, wish: PortWish): Promise<readonly PortForward[]> {
    const failed = (why: string): KnownError =>
      new KnownError(
        'system',
        `failed to set up container networking: driver failed programming external connectivity on endpoint ${whose.containerName} (${(whose.ipv4 ?? whose.ipv6)?.endpointId}): ${why}`,
      );
    if (wish.protocol === 'sctp' && !ports.translatesSctp())
      throw failed(`port ${wish.containerPort}/sctp: this kernel tracks no SCTP connections (CONFIG_NF_CT_PROTO_SCTP)`);
    const { open, held } = planEntries(whose, wish, proxies.supported());
    const forwards = [...open, ...(held.length > 0 ? await holdOne(wish, held, failed) : [])];
    return forwards.toSorted((a, b) => Number(a.hostIp.includes(':')) - Number(b.hostIp.includes(':')));
  }

  async function holdOne(
    wish: PortWish,
    entries: readonly PublishEntry[],
    failed: (why: string) => KnownError,
  ): Promise<readonly PortForward[]> {
    const candidates = wish.hostPorts[0] === 0 ? Array.from({ length: RANDOM_TRIES }, () => 0) : wish.hostPorts;
    let taken = entries[0]?.hostIp;
    for (const port of candidates) {
      const allocated = entries.find(({ hostIp }) => port !== 0 && isAllocated(wish.protocol, hostIp, port));
      taken = allocated?.hostIp ?? taken;
      if (allocated !== undefined) continue;
      try {
        return await holdAll(entries, port);
      } catch (error) {
        if (isKind(error, 'conflict') && candidates.length > 1) continue;
        throw failed(messageOf(error));
      }
    }
    throw failed(`Bind for ${taken}:${wish.hostPorts[0]} failed: port is already allocated`);
  }

  /** The same port on all addresses, or on none. Errors: conflict, system. */
  async function holdAll(entries: readonly PublishEntry[], wished: number): Promise<readonly PortForward[]> {
    const held: PortForward[] = [];
    for (const entry of entries) {
      const { protocol, hostIp, containerIp, containerPort } = entry;
      const hostPort = held[0]?.hostPort ?? wished;
      try {
        held.push(await hold({ ...entry, hostPort }));
      } catch (error) {
        for (const forward of held) await release(forward);
        const host = hostIp.includes(':') ? `[${hostIp}]` : hostIp;
        const container = containerIp.includes(':') ? `[${containerIp}]` : containerIp;
        throw new KnownError(
          isKind(error, 'conflict') ? 'conflict' : 'system',
          `failed to bind host port for ${host}:${hostPort}:${container}:${containerPort}/${protocol}: ${messageOf(error)}`,
          { cause: error },
        );
      }
    }
    return held;
  }

  function freeSctpPort(hostIp: string): number {
    let port = SCTP_FIRST;
    while (isAllocated('sctp', hostIp, port)) port++;
    return port;
  }

  function isAllocated(protocol: PortProtocol, ip: string, port: number): boolean {
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
