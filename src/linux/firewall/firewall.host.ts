import { KnownError } from '../../lib/errors.ts';
import type { Firewall } from './firewall.ts';
import { formatElements, formatTable } from './ruleset.ts';

/** nft(8) with a script on stdin: each script is one transaction. `bridge`: of the default network; the table is named after it. */
export function createFirewall(deps: { readonly bridge: string }): Firewall {
  const table = `skiff_${deps.bridge.replaceAll(/[^A-Za-z0-9]/g, '_')}`;
  // A reset waits for changes under way, and they for it: one that came in between would be lost, or come back.
  let resetting: Promise<unknown> = Promise.resolve();
  const changing = new Set<Promise<void>>();
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
  return {
    async reset(read) {
      const before = resetting;
      const mine = (async () => {
        await before;
        await Promise.allSettled(changing);
        const { bridges, forwards } = read();
        await runNft(formatTable(table, bridges, forwards));
      })();
      resetting = mine.catch(() => undefined);
      await mine;
    },
    async add(forwards) {
      if (forwards.length > 0) await change(() => runNft(formatElements('add', table, forwards).join('\n')));
    },
    async remove(forwards) {
      for (const line of formatElements('delete', table, forwards))
        await change(() => runNft(line).catch(ignoreMissing));
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
