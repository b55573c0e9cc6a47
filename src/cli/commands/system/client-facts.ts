import { API_VERSION } from '../../../client/engine-api.ts';
import { CLIENT_VERSION } from '../../client-version.ts';
import type { CommandContext } from '../../command.ts';

/** What this client says of itself. */
export interface ClientFacts {
  readonly Version: string;
  readonly ApiVersion: string;
  readonly DefaultAPIVersion: string;
  readonly GitCommit: string;
  /** There is no Go in it. */
  readonly GoVersion: string;
  readonly Os: string;
  readonly Arch: string;
  readonly BuildTime: string;
  readonly Context: string;
}

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };

/** Asked after the daemon was: only then the API version is agreed on. */
export async function clientFacts({ api, config }: CommandContext): Promise<ClientFacts> {
  return {
    Version: CLIENT_VERSION,
    ApiVersion: api.version,
    DefaultAPIVersion: API_VERSION,
    GitCommit: 'skiff',
    GoVersion: 'none',
    Os: process.platform,
    Arch: ARCHITECTURES[process.arch] ?? process.arch,
    BuildTime: 'unknown',
    Context: config.contextName ?? 'default',
  };
}
