import { type ClientTls, type Endpoint, parseEndpoint } from '../../client/endpoint.ts';
import { KnownError } from '../../lib/errors.ts';

/** What names a daemon: options first, then the environment, then config.json. Absent and empty are the same. */
export interface TargetNames {
  readonly hosts: readonly string[];
  readonly context?: string | undefined;
  readonly envHost?: string | undefined;
  readonly envContext?: string | undefined;
  readonly currentContext?: string | undefined;
  /** Asked for by options or the environment; undefined: in clear. */
  readonly tls?: ClientTls | undefined;
  /** What a context stores. */
  readonly readContext: (name: string) => ContextEndpoint;
}

/** Where a context leads. */
export interface ContextEndpoint {
  readonly host: string;
  readonly tls?: ClientTls;
}

export interface Target {
  readonly endpoint: Endpoint;
  readonly contextName: string;
}

/**
 * Decides which daemon is meant: `-H` > `-c` > DOCKER_HOST > DOCKER_CONTEXT > currentContext > the default socket.
 * Errors: invalid_parameter, not_found for an unknown context, not_implemented for other transports.
 */
export function decideTarget(names: TargetNames): Target {
  if (names.hosts.length > 0 && names.context) {
    throw new KnownError('invalid_parameter', 'conflicting options: cannot specify both --host and --context');
  }
  try {
    if (names.hosts.length > 1) throw new KnownError('invalid_parameter', 'Specify only one -H');
    return chooseTarget(names);
  } catch (error) {
    if (!(error instanceof KnownError)) throw error;
    throw new KnownError(error.kind, `Failed to initialize: unable to resolve docker endpoint: ${error.message}`);
  }
}

function chooseTarget(names: TargetNames): Target {
  const host = names.hosts[0] || (names.context ? undefined : names.envHost);
  if (names.hosts.length > 0 || host) return { endpoint: parseEndpoint(host ?? '', names.tls), contextName: 'default' };
  const contextName = names.context || names.envContext || names.currentContext || 'default';
  if (contextName === 'default') return { endpoint: parseEndpoint('', names.tls), contextName };
  const { host: address, tls } = names.readContext(contextName);
  return { endpoint: parseEndpoint(address, tls), contextName };
}
