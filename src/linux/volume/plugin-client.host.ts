import { KnownError, messageOf } from '../../lib/errors.ts';
import type { PluginAddress } from './find-plugins.host.ts';

const TYPE = 'application/vnd.docker.plugins.v1.2+json';
const ANSWER_MAX_BYTES = 8 * 1024 * 1024;
/** A plugin that is being started is waited for so long. */
const CONNECT_MS = 5000;
const FIRST_PAUSE_MS = 50;

/** How long a plugin may take to answer: to look something up, to make or mount something (pkg/plugins of moby). */
export const ANSWER_MS = { short: 60_000, long: 120_000 } as const;

/** One call of Docker's plugin protocol: JSON there and back. Errors: system, with the plugin's own text in Docker's form. */
export async function callPlugin(
  address: PluginAddress,
  method: string,
  body: object,
  timeoutMs: number,
): Promise<Readonly<Record<string, unknown>>> {
  const response = await connect(address, method, JSON.stringify(body), timeoutMs);
  const answer = parse(method, await readText(method, response));
  const told = typeof answer['Err'] === 'string' ? answer['Err'] : '';
  if (!response.ok) throw new KnownError('system', `${method}: ${told || `HTTP ${response.status}`}`);
  if (told !== '') throw new KnownError('system', told);
  return answer;
}

/** What cannot be connected to is tried again for a while; what has been connected to is asked once. */
async function connect(address: PluginAddress, method: string, body: string, timeoutMs: number): Promise<Response> {
  const deadline = Date.now() + CONNECT_MS;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs *= 2) {
    try {
      return await fetch(`${address.url}/${method}`, {
        method: 'POST',
        body,
        headers: { 'Content-Type': TYPE, Accept: TYPE },
        signal: AbortSignal.timeout(timeoutMs),
        ...(address.socket !== undefined && { unix: address.socket }),
        ...(address.tls && {
          tls: {
            rejectUnauthorized: address.tls.verify,
            ...(address.tls.ca !== undefined && { ca: address.tls.ca }),
            ...(address.tls.cert !== undefined && { cert: address.tls.cert }),
            ...(address.tls.key !== undefined && { key: address.tls.key }),
          },
        }),
      });
    } catch (error) {
      if (!isRefused(error) || Date.now() + pauseMs > deadline)
        throw new KnownError('system', `Post "${address.url}/${method}": ${reasonOf(error)}`, { cause: error });
    }
    await Bun.sleep(pauseMs);
  }
}

function isRefused(error: unknown): boolean {
  const code = (error as { readonly code?: string }).code ?? '';
  return ['ConnectionRefused', 'FailedToOpenSocket', 'ECONNREFUSED', 'ENOENT'].includes(code);
}

function reasonOf(error: unknown): string {
  return error instanceof Error && error.name === 'TimeoutError' ? 'context deadline exceeded' : messageOf(error);
}

async function readText(method: string, response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > ANSWER_MAX_BYTES) throw new KnownError('system', `${method}: the plugin's answer is too large`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(method: string, text: string): Readonly<Record<string, unknown>> {
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return { ...value };
  } catch {
    // told below
  }
  throw new KnownError('system', `${method}: ${text.trim().slice(0, 500)}`);
}
