import { execFile } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { RuntimeStates } from './runtime-states.ts';

const run = promisify(execFile);
const TIMEOUT_MS = 20_000;

/** `runtimes`, asked each time: by name, the program with its global arguments, and the folder that its `--root` names. */
export function createRuntimeStates(
  runtimes: () => Readonly<Record<string, { readonly argv: readonly string[]; readonly root: string }>>,
): RuntimeStates {
  return {
    list: () =>
      Object.entries(runtimes()).flatMap(([runtime, { root }]) =>
        existsSync(root) ? readdirSync(root).map((id) => ({ runtime, id })) : [],
      ),
    async destroy(name, id) {
      const runtime = runtimes()[name];
      if (!runtime || !existsSync(join(runtime.root, id))) return;
      const [program = '', ...args] = runtime.argv;
      // One that was killed while it wrote its state cannot read it any more: then only the folder is left to go.
      await run(program, [...args, 'delete', '--force', id], { timeout: TIMEOUT_MS }).catch(() => undefined);
      rmSync(join(runtime.root, id), { recursive: true, force: true });
    },
  };
}
