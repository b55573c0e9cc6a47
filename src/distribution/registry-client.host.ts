import { setTimeout as wait } from 'node:timers/promises';
import { KnownError } from '../lib/errors.ts';
import { createRegistryClient } from './create-registry-client.ts';
import { hostOf } from './endpoint.ts';
import type { KnownHost, KnownHosts } from './known-host.ts';
import type { RegistryClient } from './registry-client.ts';
import { readRegistryHosts, readTls } from './registry-hosts.host.ts';
import type { RegistryHost } from './registry-hosts.ts';
import { parseMirror, plainHost } from './registry-hosts.ts';
import { explainingTls } from './tls-failure.host.ts';
import type { Fetch } from './transport.ts';

export interface HostRegistryOptions {
  readonly insecureRegistries: readonly string[];
  /** Addresses asked before Docker Hub, in order. */
  readonly mirrors?: readonly string[];
  /** Of a download; absent: Docker's five. */
  readonly maxDownloadAttempts?: number;
  /** Folders of certificates and hosts.toml by registry; read anew for every piece of work. Absent: none. */
  readonly certsDir?: string;
  /** The one way to every registry that no file says more of; absent: Docker's rules, which try plain http after https on loopback. */
  readonly only?: { readonly scheme: 'https' | 'http'; readonly verifyTls: boolean };
}

/** The registry client on the machine's own network, files and clock. Errors: invalid_parameter for a mirror that is no address. */
export function createHostRegistryClient(options: HostRegistryOptions): RegistryClient {
  const mirrors = (options.mirrors ?? []).map(parseMirror);
  return createRegistryClient({
    fetch: explainingTls(answeredInTime((url, init) => globalThis.fetch(url, init))),
    insecureRegistries: options.insecureRegistries,
    attempts: options.maxDownloadAttempts,
    hosts: (registry) => knownHosts(options, mirrors, registry),
    sleep: async (ms, signal) => {
      try {
        await wait(ms, undefined, { signal });
      } catch (error) {
        throw new KnownError('cancelled', 'context canceled', { cause: error });
      }
    },
  });
}

/** As Docker gives a registry. */
const ANSWER_MS = 15_000;

/** Gives up when no answer begins in time; a request that sends something takes as long as that takes. */
function answeredInTime(fetch: Fetch): Fetch {
  return async (url, init) => {
    if (init.body !== undefined && init.body !== null) return await fetch(url, init);
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), ANSWER_MS);
    try {
      return await fetch(url, {
        ...init,
        signal: AbortSignal.any([late.signal, ...(init.signal ? [init.signal] : [])]),
      });
    } catch (error) {
      if (!late.signal.aborted || init.signal?.aborted) throw error;
      throw new Error('context deadline exceeded (Client.Timeout exceeded while awaiting headers)', { cause: error });
    } finally {
      clearTimeout(timer);
    }
  };
}

function knownHosts(
  { certsDir, only }: HostRegistryOptions,
  mirrors: readonly RegistryHost[],
  registry: string,
): KnownHosts {
  const host = hostOf(registry);
  const read = certsDir === undefined ? undefined : readRegistryHosts(certsDir, registry, `https://${host}`);
  const own = registry === 'docker.io' ? mirrors : [];
  const server = read?.server ?? (only && plainHost(`${only.scheme}://${host}`, only.verifyTls));
  return { mirrors: [...(read?.mirrors ?? []), ...own].map(known), server: server && known(server) };
}

function known(host: RegistryHost): KnownHost {
  return { host, tls: readTls(host) };
}
