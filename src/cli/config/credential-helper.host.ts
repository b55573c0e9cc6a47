import { spawn } from 'node:child_process';
import { errnoOf, KnownError, wrapError } from '../../lib/errors.ts';

/** What a credential helper keeps for an address; the user `<token>` says that the secret is an identity token. */
export interface HelperCredentials {
  readonly ServerURL: string;
  readonly Username: string;
  readonly Secret: string;
}

const MAX_BYTES = 1 << 20;
const NOT_FOUND = 'credentials not found in native keychain';

/** `docker-credential-<name> get`; undefined when it has nothing. Errors: see run. */
export async function getCredentials(name: string, address: string): Promise<HelperCredentials | undefined> {
  const { status, out } = await run(name, 'get', address);
  if (status !== 0) {
    if (out === NOT_FOUND) return undefined;
    throw failed('getting', status, out);
  }
  const fields = parse(name, out);
  const [username, secret] = [fields.get('Username'), fields.get('Secret')];
  if (typeof username !== 'string' || typeof secret !== 'string')
    throw new KnownError('invalid_parameter', `docker-credential-${name} answered without a user and a secret`);
  return { ServerURL: address, Username: username, Secret: secret };
}

/** `docker-credential-<name> list`: the addresses that it has something for. Errors: see run. */
export async function listAddresses(name: string): Promise<readonly string[]> {
  const { status, out } = await run(name, 'list', '');
  if (status !== 0) throw failed('listing', status, out);
  return [...parse(name, out).keys()];
}

export async function keepCredentials(name: string, credentials: HelperCredentials): Promise<void> {
  const { status, out } = await run(name, 'store', JSON.stringify(credentials)).catch((error: unknown) => {
    throw wrapError(error, 'Error saving credentials');
  });
  if (status !== 0) throw failed('storing', status, out);
}

/** Fine when there is nothing to remove. */
export async function eraseCredentials(name: string, address: string): Promise<void> {
  const { status, out } = await run(name, 'erase', address);
  if (status !== 0 && out !== NOT_FOUND) throw failed('erasing', status, out);
}

/** A helper's answer may hold a secret even when it failed: of a failure only a line that is not JSON is shown. */
function failed(doing: string, status: number, out: string): KnownError {
  const shown = /[{}"]/.test(out) ? 'not shown' : (out.split('\n')[0] ?? '').slice(0, 300);
  return new KnownError('system', `error ${doing} credentials - err: exit status ${status}, out: \`${shown}\``);
}

function parse(name: string, out: string): ReadonlyMap<string, unknown> {
  try {
    const value: unknown = JSON.parse(out);
    return new Map<string, unknown>(Object.entries(value ?? {}));
  } catch {
    // The parser's own error would quote the answer.
    throw new KnownError('invalid_parameter', `docker-credential-${name} did not answer with JSON`);
  }
}

/**
 * Runs a helper (github.com/docker/docker-credential-helpers): the action as argument, everything secret by pipes. Errors:
 * not_found when there is no such program, invalid_parameter for a name that is no plain word.
 */
async function run(
  name: string,
  action: 'get' | 'store' | 'erase' | 'list',
  input: string,
): Promise<{ readonly status: number; readonly out: string }> {
  if (!/^[\w.-]+$/.test(name)) throw new KnownError('invalid_parameter', `invalid credential helper name: ${name}`);
  const program = `docker-credential-${name}`;
  return await new Promise((resolve, reject) => {
    const child = spawn(program, [action], { stdio: ['pipe', 'pipe', 'inherit'] });
    const parts: Buffer[] = [];
    let size = 0;
    child.on('error', (error) => {
      const missing = errnoOf(error) === 'ENOENT';
      const text = missing ? `exec: "${program}": executable file not found in $PATH` : error.message;
      reject(new KnownError(missing ? 'not_found' : 'system', `error running credential helper: ${text}`));
    });
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.byteLength;
      if (size > MAX_BYTES) child.kill('SIGKILL');
      else parts.push(chunk);
    });
    // A helper that does not read its input ends by itself; its status says what there is to say.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.on('close', (status) => resolve({ status: status ?? 255, out: Buffer.concat(parts).toString().trim() }));
  });
}
