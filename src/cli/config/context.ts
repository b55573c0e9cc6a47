import { join } from 'node:path';
import { invalid } from '../../lib/invalid.ts';
import { contextFolders, readContext } from './context-store.ts';
import type { ContextEndpoint } from './target.ts';
import { defaultPaths, readMaterial } from './tls.ts';

/** Where the context `name` leads, and its certificates. Errors: not_found, invalid_parameter for one that says no address. */
export function readContextEndpoint(configDir: string, name: string): ContextEndpoint {
  const endpoint = readContext(configDir, name).Endpoints['docker'];
  const host = endpoint?.['Host'];
  if (typeof host !== 'string' || host === '') throw invalid(`docker endpoint for "${name}" not found`);
  const skip = endpoint?.['SkipTLSVerify'] === true;
  const material = readMaterial(defaultPaths(join(contextFolders(configDir, name).tls, 'docker')));
  return Object.keys(material).length === 0 && !skip ? { host } : { host, tls: { ...material, verify: !skip } };
}
