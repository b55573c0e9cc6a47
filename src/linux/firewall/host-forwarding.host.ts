import { readFileSync } from 'node:fs';
import { KnownError } from '../../lib/errors.ts';
import type { ForeignChain } from './foreign-chains.ts';
import { foreignBridges, formatChain, type HostForwarding, planPlace } from './host-forwarding.ts';

/** Programs of iptables, each with its own rules: those that nft(8) shows, and those of the older kernel interface. */
const PROGRAMS: readonly Program[] = [
  { name: 'iptables', restore: 'iptables-restore', family: 'ip' },
  { name: 'ip6tables', restore: 'ip6tables-restore', family: 'ip6' },
  { name: 'iptables-legacy', restore: 'iptables-legacy-restore', tables: '/proc/net/ip_tables_names' },
  { name: 'ip6tables-legacy', restore: 'ip6tables-legacy-restore', tables: '/proc/net/ip6_tables_names' },
];

interface Program {
  readonly name: string;
  readonly restore: string;
  /** Whose chain is the family's, as nft(8) shows it. */
  readonly family?: string;
  /** Names the tables that there are. */
  readonly tables?: string;
}

/** `bridge`: of the default network; our chain is named after it. */
export function createHostForwarding({ bridge }: { readonly bridge: string }): HostForwarding {
  const chain = `SKIFF-${bridge}`;
  let trusted: readonly string[] = [];

  /** Those whose FORWARD chain exists. */
  const present = (foreign: readonly ForeignChain[]): readonly Program[] =>
    PROGRAMS.filter(({ name: program, family, tables }) => {
      const isThere =
        tables === undefined
          ? foreign.some((found) => found.family === family && isIptables(found))
          : readIfThere(tables).split('\n').includes('filter');
      return isThere && Bun.which(program) !== null;
    });

  const settleIptables = async ({ name, restore }: Program, links: readonly string[]): Promise<void> => {
    const listing = await output([name, '-w', '-S']);
    const isThere = listing.includes(`-A FORWARD -j ${chain}\n`);
    const { needed, place } = planPlace(listing, chain);
    if (!needed || links.length === 0) {
      if (isThere) await removeChain(name);
      return;
    }
    const others = foreignBridges(listing, links);
    await output([restore, '-w', '--noflush'], formatChain(chain, links, others, isThere ? undefined : place));
  };
  const removeChain = async (program: string): Promise<void> => {
    await output([program, '-w', '-D', 'FORWARD', '-j', chain]);
    await output([program, '-w', '-F', chain]);
    await output([program, '-w', '-X', chain]);
  };
  const settleFirewalld = async (links: readonly string[]): Promise<void> => {
    for (const link of links) await askFirewalld('changeZoneOfInterface', 'string:trusted', `string:${link}`);
    // A reload of it has forgotten them already.
    for (const link of trusted.filter((name) => !links.includes(name)))
      await askFirewalld('removeInterface', 'string:trusted', `string:${link}`).catch(() => undefined);
    trusted = links;
  };

  let programs: readonly Program[] = [];
  return {
    async allow(links, foreign) {
      programs = present(foreign);
      for (const program of programs) await settleIptables(program, links);
      const trusts = foreign.some(isFirewalld) && (await isFirewalldThere());
      if (trusts) await settleFirewalld(links);
      const settled = new Set(programs.map(({ family }) => family));
      return foreign.filter(
        (chain) =>
          chain.hook === 'forward' &&
          chain.policy === 'drop' &&
          !(isIptables(chain) && settled.has(chain.family)) &&
          !(trusts && isFirewalld(chain)),
      );
    },
    async withdraw() {
      for (const program of programs) await settleIptables(program, []);
      if (trusted.length > 0 && (await isFirewalldThere())) await settleFirewalld([]);
    },
  };
}

function isIptables({ table, name }: ForeignChain): boolean {
  return table === 'filter' && name === 'FORWARD';
}

function isFirewalld({ table }: ForeignChain): boolean {
  return table === 'firewalld';
}

/** firewalld.dbus(5), its interface `zone`. Errors: system when it does not run, or refuses. */
async function askFirewalld(method: string, ...values: readonly string[]): Promise<void> {
  const name = 'org.fedoraproject.FirewallD1';
  const call = ['dbus-send', '--system', '--print-reply', '--reply-timeout=5000', `--dest=${name}`];
  await output([...call, '/org/fedoraproject/FirewallD1', `${name}.zone.${method}`, ...values]);
}

/** Its rules may be there without it. */
async function isFirewalldThere(): Promise<boolean> {
  if (Bun.which('dbus-send') === null) return false;
  return await askFirewalld('getActiveZones').then(
    () => true,
    () => false,
  );
}

async function output(argv: readonly string[], input = ''): Promise<string> {
  const child = Bun.spawn([...argv], { stdin: Buffer.from(input), stdout: 'pipe', stderr: 'pipe' });
  const [status, stdout, stderr] = await Promise.all([
    child.exited,
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  if (status !== 0)
    throw new KnownError('system', `${argv.join(' ')} ended with status ${status}: ${stderr.slice(-4096).trim()}`);
  return stdout;
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // a kernel without them
  }
}
