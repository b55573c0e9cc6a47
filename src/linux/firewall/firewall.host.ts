import { networkInterfaces } from 'node:os';
import { errnoOf, KnownError } from '../../lib/errors.ts';
import { endUdpFlows } from '../netlink/conntrack.host.ts';
import { openNfTables } from '../netlink/nf-tables.host.ts';
import type { SetElement } from '../netlink/nf-tables.ts';
import type { Firewall, PortForward } from './firewall.ts';
import { type ForeignChain, parseChains } from './foreign-chains.ts';
import type { HostForwarding } from './host-forwarding.ts';
import { formatTable } from './ruleset.ts';
import { elementsOf, isTranslated } from './ruleset-elements.ts';

export interface FirewallDeps {
  /** Of the default network; the table is named after it. */
  readonly bridge: string;
  readonly forwarding: HostForwarding;
  readonly report: (what: string, error: unknown) => void;
}

/** One system call; more only after somebody's change. */
const LOOK_MS = 2000;

/**
 * Chains and rules by nft(8) with a script on stdin, ports by netlink: each is one transaction. What other programs' chains are is seen before
 * something is added that they may not let through, and soon after they change.
 */
export function createFirewall({ bridge, forwarding, report }: FirewallDeps): Firewall {
  const kernel = openNfTables();
  const table = `skiff_${bridge.replaceAll(/[^A-Za-z0-9]/g, '_')}`;
  // A reset waits for changes under way, and they for it: one that came in between would be lost, or come back.
  let resetting: Promise<unknown> = Promise.resolve();
  const changing = new Set<Promise<void>>();
  let current: readonly PortForward[] = [];
  let links: readonly string[] = [];
  let known = '';
  let generation = 0;
  let watch: NodeJS.Timeout | undefined;
  const change = async (work: () => Promise<void>): Promise<void> => {
    await resetting;
    const running = work();
    changing.add(running);
    try {
      await running;
    } finally {
      changing.delete(running);
    }
  };
  /** Other engines and firewalls come and go: what they do to our bridges is looked at when it is another thing than before. */
  const settle = async (foreign: readonly ForeignChain[]): Promise<void> => {
    const state = JSON.stringify([foreign, links]);
    if (state === known) return;
    known = state;
    try {
      for (const { family, table: other, name } of await forwarding.allow(links, foreign))
        report(
          'containers may be cut off from other hosts',
          new KnownError('system', `chain ${name} of table ${family} ${other} drops what none of its rules names`),
        );
    } catch (error) {
      report('letting containers through the rules of the host', error);
    }
  };
  /** All or nothing; what only we have changed since the last look needs none. */
  const changeElements = (verb: 'add' | 'delete', elements: readonly SetElement[]): void => {
    const before = kernel.generation();
    kernel.change(verb, table, elements);
    const after = kernel.generation();
    if (before === generation && after === before + 1) generation = after;
  };
  /** Those of others as they are now. */
  const settleAnew = async (): Promise<void> => {
    const seen = kernel.generation();
    if (seen === generation) return;
    await settle(parseChains(await runNft('list chains'), table));
    generation = seen;
  };
  /** Rules of others may have come, or been made anew without ours. */
  const look = async (): Promise<void> => {
    try {
      if (kernel.generation() !== generation) await change(settleAnew);
    } catch (error) {
      report('looking at the rules of the host', error);
    }
  };
  return {
    async reset(read) {
      const before = resetting;
      const mine = (async () => {
        await before;
        await Promise.allSettled(changing);
        const state = read();
        const chains = await runNft(`${formatTable(table, state)}list chains`);
        current = state.forwards;
        links = state.bridges.map(({ link }) => link);
        await settle(parseChains(chains, table));
        generation = kernel.generation();
        watch ??= setInterval(() => void look(), LOOK_MS).unref();
      })();
      resetting = mine.catch(() => undefined);
      await mine;
    },
    async add(forwards) {
      await change(async () => {
        current = [...current, ...forwards];
        const elements = elementsOf(forwards);
        if (elements.length === 0) return;
        changeElements('add', elements);
        await settleAnew();
      });
      endFlows(forwards, 'untranslated');
    },
    async remove(forwards) {
      const names = new Set(forwards.map(nameOf));
      await change(async () => {
        current = current.filter((forward) => !names.has(nameOf(forward)));
        const elements = elementsOf(forwards, current);
        // One that is not there would undo all: then each goes alone.
        if (elements.length === 0 || isThere(() => changeElements('delete', elements))) return;
        for (const element of elements) isThere(() => changeElements('delete', [element]));
      });
      endFlows(forwards, 'translated');
    },
    table: `inet ${table}`,
    async obstacles() {
      const chains = parseChains(await runNft('list chains'), table);
      const input = chains.filter(({ hook, policy }) => hook === 'input' && policy === 'drop');
      return { input, forward: await forwarding.allow(links, chains) };
    },
    async destroy() {
      clearInterval(watch);
      await runNft(`delete table inet ${table}`).catch(isMissing);
      await forwarding.withdraw().catch((error: unknown) => report('taking our rules out of those of the host', error));
    },
  };

  /** The kernel leads a flow as its first datagram was led, for as long as datagrams come. */
  function endFlows(forwards: readonly PortForward[], which: 'translated' | 'untranslated'): void {
    const udp = forwards.filter((forward) => forward.protocol === 'udp' && isTranslated(forward));
    if (udp.length === 0) return;
    const own = new Set(
      Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address)),
    );
    for (const { hostIp, hostPort, containerIp, containerPort } of udp) {
      const isHere = (ip: string): boolean =>
        hostIp === '0.0.0.0' || hostIp === '::' ? own.has(ip) || ip.startsWith('127.') : ip === hostIp;
      try {
        endUdpFlows(hostPort, hostIp.includes(':') ? 6 : 4, (flow) => {
          const led = flow.answeredBy === containerIp && flow.answeredByPort === containerPort;
          return isHere(flow.to) && led === (which === 'translated');
        });
      } catch (error) {
        report(`ending flows to udp port ${hostPort}`, error);
      }
    }
  }
}

function nameOf({ protocol, hostIp, hostPort, containerIp, containerPort }: PortForward): string {
  return [protocol, hostIp, hostPort, containerIp, containerPort].join(' ');
}

/** False when the call failed because something is not there. Errors: any other one. */
function isThere(call: () => void): boolean {
  try {
    call();
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** False for an error of what is not there. Errors: any other one. */
function isMissing(error: unknown): false {
  if (error instanceof KnownError && error.message.includes('No such file or directory')) return false;
  throw error;
}

async function runNft(script: string): Promise<string> {
  const child = Bun.spawn(['nft', '-a', '-f', '-'], {
    stdin: Buffer.from(`${script}\n`),
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [status, stdout, stderr] = await Promise.all([
    child.exited,
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  if (status !== 0) throw new KnownError('system', `nft ended with status ${status}: ${stderr.slice(-4096).trim()}`);
  return stdout;
}
