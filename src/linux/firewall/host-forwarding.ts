import type { ForeignChain } from './foreign-chains.ts';

/**
 * An accept of our table does not override a drop of another one. Where iptables drops forwarded packets that no rule names (ufw, Docker), our
 * bridges get rules there, in a chain of their own behind all others, so that what an administrator refuses stays refused; firewalld is asked
 * to trust them. Rules that somebody wrote for nft(8) are left alone, and only told of.
 */
export interface HostForwarding {
  /**
   * `links`: our bridges. Fine when nothing has to be done. Resolves with the chains that nothing could be done about. Errors: system with the
   * message of iptables or firewalld.
   */
  allow(links: readonly string[], foreign: readonly ForeignChain[]): Promise<readonly ForeignChain[]>;
  /** Takes away what `allow` has made. */
  withdraw(): Promise<void>;
}

/** Why our chain has to be in iptables' FORWARD, and before which rule (from 1; 0: behind the last). `listing`: of `iptables -S`. */
export function planPlace(listing: string, chain: string): { readonly needed: boolean; readonly place: number } {
  const lines = listing.split('\n').filter(Boolean);
  const rules = lines.filter((line) => line.startsWith('-A FORWARD') && line !== `-A FORWARD -j ${chain}`);
  const wall = rules.findIndex((rule) => /^-A FORWARD -j (REJECT|DROP|ufw-reject-forward)\b/.test(rule));
  return { needed: wall >= 0 || lines.includes('-P FORWARD DROP'), place: wall + 1 };
}

/**
 * For iptables-restore --noflush: our chain accepts what goes into our bridges, where our own table has decided, and what comes out of them, but
 * for what goes to another engine's bridges (`others`), where that one decides. A `place` of undefined: no jump to it is made.
 */
export function formatChain(
  chain: string,
  links: readonly string[],
  others: readonly string[],
  place: number | undefined,
): string {
  const jump = place === undefined ? [] : [place > 0 ? `-I FORWARD ${place} -j ${chain}` : `-A FORWARD -j ${chain}`];
  return [
    '*filter',
    `:${chain} - [0:0]`,
    ...links.map((link) => `-A ${chain} -o ${link} -j ACCEPT`),
    ...others.map((link) => `-A ${chain} -o ${link} -j RETURN`),
    ...links.map((link) => `-A ${chain} -i ${link} -j ACCEPT`),
    ...jump,
    'COMMIT',
    '',
  ].join('\n');
}

/** Docker's bridges: where its rules send what goes there, in every version of it. */
export function foreignBridges(listing: string, ours: readonly string[]): readonly string[] {
  const found = [...listing.matchAll(/^-A \S+ -o (\S+) -j DOCKER$/gm)].flatMap(([, link]) => link ?? []);
  return [...new Set(found)].filter((link) => !ours.includes(link));
}
