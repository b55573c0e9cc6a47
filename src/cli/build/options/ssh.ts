import { statSync } from 'node:fs';
import { KnownError } from '../../../lib/errors.ts';
import { bad } from './fields.ts';

/**
 * `default|ID[=SOCKET]`: the agent's socket by id; without one SSH_AUTH_SOCK. Errors: invalid_parameter; not_implemented for keys in files, which buildx
 * makes an agent of.
 */
export function parseSshAgents(
  given: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): ReadonlyMap<string, string> {
  return new Map(
    given.map((text) => {
      const at = text.indexOf('=');
      const id = at === -1 ? text : text.slice(0, at);
      const path = at === -1 ? (env['SSH_AUTH_SOCK'] ?? '') : text.slice(at + 1);
      if (id === '') throw bad(`invalid value ${JSON.stringify(text)} of --ssh: it has no ID`);
      if (path === '') throw bad('invalid empty ssh agent socket: make sure SSH_AUTH_SOCK is set');
      const stat = statSync(path, { throwIfNoEntry: false });
      if (stat === undefined) throw bad(`failed to open ${path}: no such file or directory`);
      if (!stat.isSocket())
        throw new KnownError(
          'not_implemented',
          `--ssh with a key file is not supported, give an agent's socket: ${path}`,
        );
      return [id, path];
    }),
  );
}
