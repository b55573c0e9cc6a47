/** A chain of another program at a hook that traffic to containers, or to ports of the host, passes. */
export interface ForeignChain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly hook: 'input' | 'forward';
  /** What becomes of a packet that no rule of it names. */
  readonly policy: 'accept' | 'drop';
}

/** Out of what `nft list chains` prints (nft(8)); `own`: our table, whose chains are left out. */
export function parseChains(text: string, own: string): readonly ForeignChain[] {
  let [family, table, name] = ['', '', ''];
  return text.split('\n').flatMap((line) => {
    const [, tableFamily, tableName] = /^table (\S+) (\S+) \{/.exec(line) ?? [];
    if (tableFamily !== undefined && tableName !== undefined) [family, table] = [tableFamily, tableName];
    name = /^\s+chain (\S+) \{/.exec(line)?.[1] ?? name;
    const [, hook, policy] = /^\s+type filter hook (input|forward) .*policy (accept|drop);/.exec(line) ?? [];
    if (table === own || (hook !== 'input' && hook !== 'forward')) return [];
    return [{ family, table, name, hook, policy: policy === 'drop' ? 'drop' : 'accept' }];
  });
}
