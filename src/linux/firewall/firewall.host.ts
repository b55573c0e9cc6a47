import { KnownError } from '../../lib/errors.ts';
import type { Firewall } from './firewall.ts';
import { formatElements, formatTable } from './ruleset.ts';

/** nft(8) with a script on stdin: each script is one transaction. */
export function createFirewall(deps: { readonly bridge: string }): Firewall {
  const table = `skiff_${deps.bridge.replaceAll(/[^A-Za-z0-9]/g, '_')}`;
  return {
    reset: async (subnet, forwards) => await runNft(formatTable(table, deps.bridge, subnet, forwards)),
    async add(forwards) {
      if (forwards.length > 0) await runNft(formatElements('add', table, forwards).join('\n'));
    },
    async remove(forwards) {
      for (const line of formatElements('delete', table, forwards)) await runNft(line).catch(ignoreMissing);
    },
    destroy: async () => await runNft(`delete table ip ${table}`).catch(ignoreMissing),
  };
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof KnownError && error.message.includes('No such file or directory'))) throw error;
}

async function runNft(script: string): Promise<void> {
  const child = Bun.spawn(['nft', '-f', '-'], { stdin: Buffer.from(`${script}\n`), stdout: 'ignore', stderr: 'pipe' });
  const [status, stderr] = await Promise.all([child.exited, new Response(child.stderr).text()]);
  if (status !== 0) throw new KnownError('system', `nft ended with status ${status}: ${stderr.slice(-4096).trim()}`);
}
