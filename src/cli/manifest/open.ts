import { dirname } from 'node:path';
import type { CommandContext } from '../command.ts';
import type { ManifestRegistries } from './registries.host.ts';
import { createManifestStore, type ManifestStore } from './store.ts';

/** The lists kept beside config.json. */
export function openStore({ config }: CommandContext): ManifestStore {
  return createManifestStore(dirname(config.path));
}

/** The registries, with the credentials that `docker login` keeps. Loads the registry client. */
export async function openRegistries(
  { config, err }: CommandContext,
  insecure: boolean,
  signal: AbortSignal,
): Promise<ManifestRegistries> {
  const { createManifestRegistries } = await import('./registries.host.ts');
  const { registryCredentials } = await import('../config/auth.ts');
  return createManifestRegistries(insecure, (name) => registryCredentials(config.raw, name, err), signal);
}
