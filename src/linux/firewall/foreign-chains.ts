/** A chain of another program at a hook that traffic to containers, or to ports of the host, passes. */
export interface ForeignChain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly hook: 'input' | 'forward';
  /** What becomes of a packet that no rule of it names; firewalld's chains end in a rule that refuses all, whatever their own policy. */
  readonly policy: 'accept' | 'drop';
  /** Of its table (nft -a): another one when that was made anew. */
  readonly handle: string;
}

/** Out of what `nft -a list chains` prints (nft(8)); `own`: our table, whose chains are left out. */
export function parseChains(text: string, own: string): readonly ForeignChain[] {
  let [family, table, name, handle] = ['', '', '', ''];
  return text.split('\n').flatMap((line) => {
    const [, tableFamily, tableName, number = ''] = /^table (\S+) (\S+) \{(?: # handle (\d+))?/.exec(line) ?? [];
    if (tableFamily !== undefined && tableName !== undefined)
      [family, table, handle] = [tableFamily, tableName, number];
    name = /^\s+chain (\S+) \{/.exec(line)?.[1] ?? name;
    const [, hook, policy] = /^\s+type filter hook (input|forward) .*policy (accept|drop);/.exec(line) ?? [];
    if (table === own || (hook !== 'input' && hook !== 'forward')) return [];
    return [
      { family, table, name, hook, policy: policy === 'drop' || table === 'firewalld' ? 'drop' : 'accept', handle },
    ];
  });
}
