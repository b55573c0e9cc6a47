import { readFileSync, type Stats, statSync } from 'node:fs';
import { errnoOf, messageOf } from '../../../lib/errors.ts';
import { parsePrivateKey, type SshKey } from '../../ssh-agent/private-key.ts';
import { bad } from './fields.ts';

/** What answers as an agent. */
export type AgentSource =
  | { readonly kind: 'socket'; readonly path: string }
  | { readonly kind: 'keys'; readonly keys: readonly SshKey[] };

const MAX_KEY_BYTES = 100 * 1024;

/**
 * `default|ID[=SOCKET|KEY[,KEY]]` as buildx reads it: an agent's socket by id, without one SSH_AUTH_SOCK; or an agent of our own that holds the
 * keys of files. Errors: invalid_parameter.
 */
export function parseSshAgents(
  given: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): ReadonlyMap<string, AgentSource> {
  const agents = new Map<string, AgentSource>();
  for (const text of given) {
    const at = text.indexOf('=');
    const id = (at === -1 ? text : text.slice(0, at)) || 'default';
    if (agents.has(id)) throw bad(`duplicate agent ID ${JSON.stringify(id)}`);
    const named = at === -1 ? '' : text.slice(at + 1);
    agents.set(id, sourceOf(id, named === '' ? [env['SSH_AUTH_SOCK'] ?? ''] : named.split(',')));
  }
  return agents;
}

function sourceOf(id: string, paths: readonly string[]): AgentSource {
  if (paths[0] === '') throw bad('invalid empty ssh agent socket: make sure SSH_AUTH_SOCK is set');
  const refuse = (why: string): Error => bad(`failed to convert agent config for ID: ${JSON.stringify(id)}: ${why}`);
  const sockets: string[] = [];
  const keys: SshKey[] = [];
  for (const path of paths) {
    if (sockets.length > 0) throw refuse('only single socket allowed');
    if (statOf(path, refuse).isSocket()) sockets.push(path);
    else keys.push(keyAt(path, refuse));
  }
  const [socket] = sockets;
  if (socket === undefined) return { kind: 'keys', keys };
  if (keys.length > 0) throw refuse('invalid combination of keys and sockets');
  return { kind: 'socket', path: socket };
}

function statOf(path: string, refuse: (why: string) => Error): Stats {
  try {
    return statSync(path);
  } catch (error) {
    throw refuse(`stat ${path}: ${errnoOf(error) === 'ENOENT' ? 'no such file or directory' : messageOf(error)}`);
  }
}

function keyAt(path: string, refuse: (why: string) => Error): SshKey {
  try {
    return parsePrivateKey(readFileSync(path).subarray(0, MAX_KEY_BYTES).toString('latin1'));
  } catch (error) {
    throw refuse(`failed to parse ${path}: ${messageOf(error)}`);
  }
}
