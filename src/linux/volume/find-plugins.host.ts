import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, KnownError } from '../../lib/errors.ts';

/** Docker's places: sockets of plugins that run, files that say where others listen. */
export const PLUGIN_FOLDERS = {
  sockets: '/run/docker/plugins',
  specs: ['/etc/docker/plugins', '/usr/lib/docker/plugins'],
} as const;

const FILE_MAX_BYTES = 64 * 1024;
/** What may stand in a path and in an address. */
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

/** Where a plugin listens. */
export interface PluginAddress {
  readonly socket?: string;
  /** `http://host:port` or `https://host:port`. */
  readonly url: string;
  readonly tls?: { readonly verify: boolean; readonly ca?: string; readonly cert?: string; readonly key?: string };
}

interface PluginFolders {
  readonly sockets: string;
  readonly specs: readonly string[];
}

/** Names of all plugins, sorted. A socket, spec or json file may be in a folder of the plugin's name too. */
export function listPlugins({ sockets, specs }: PluginFolders): readonly string[] {
  const names = new Set<string>();
  for (const folder of [sockets, ...specs])
    for (const file of [...filesOf(folder), ...foldersOf(folder).flatMap((name) => filesOf(join(folder, name)))]) {
      const [, name = '', ending = ''] = /^(.+)\.(sock|spec|json)$/.exec(file) ?? [];
      const fits = folder === sockets ? ending === 'sock' : ending !== 'sock';
      if (fits && NAME.test(name)) names.add(name);
    }
  return [...names].toSorted();
}

/** Undefined when there is no plugin of that name. Errors: invalid_parameter for a file that says nothing usable. */
export function findPlugin(name: string, { sockets, specs }: PluginFolders): PluginAddress | undefined {
  if (!NAME.test(name)) return undefined;
  for (const socket of [join(sockets, `${name}.sock`), join(sockets, name, `${name}.sock`)])
    if (statSync(socket, { throwIfNoEntry: false })?.isSocket()) return { socket, url: 'http://plugin' };
  for (const folder of specs)
    for (const base of [join(folder, name), join(folder, name, name)]) {
      const spec = readText(`${base}.spec`);
      if (spec !== undefined) return parseAddress(spec.trim(), undefined);
      const json = readText(`${base}.json`);
      if (json !== undefined) return parseJson(json);
    }
  return undefined;
}

function parseJson(text: string): PluginAddress {
  const { Addr = '', TLSConfig } = JSON.parse(text) as {
    readonly Addr?: string;
    readonly TLSConfig?: {
      readonly InsecureSkipVerify?: boolean;
      readonly CAFile?: string;
      readonly CertFile?: string;
      readonly KeyFile?: string;
    };
  };
  if (!TLSConfig) return parseAddress(Addr, undefined);
  const file = (path: string | undefined): string | undefined => (path ? readText(path) : undefined);
  const [ca, cert, key] = [file(TLSConfig.CAFile), file(TLSConfig.CertFile), file(TLSConfig.KeyFile)];
  return parseAddress(Addr, {
    verify: TLSConfig.InsecureSkipVerify !== true,
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  });
}

function parseAddress(text: string, tls: PluginAddress['tls']): PluginAddress {
  const [, scheme = '', rest = ''] = /^([a-z]+):\/\/(.+)$/.exec(text) ?? [];
  if (scheme === 'unix') return { socket: rest, url: 'http://plugin' };
  if (!['tcp', 'http', 'https'].includes(scheme))
    throw new KnownError('invalid_parameter', `invalid plugin address: ${JSON.stringify(text.slice(0, 200))}`);
  return { url: `${tls || scheme === 'https' ? 'https' : 'http'}://${rest}`, ...(tls && { tls }) };
}

function readText(path: string): string | undefined {
  const info = statSync(path, { throwIfNoEntry: false });
  return info?.isFile() && info.size <= FILE_MAX_BYTES ? readFileSync(path, 'utf8') : undefined;
}

function filesOf(folder: string): readonly string[] {
  return entries(folder).flatMap((entry) => (entry.isDirectory() ? [] : [entry.name]));
}

function foldersOf(folder: string): readonly string[] {
  return entries(folder).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
}

function entries(folder: string): readonly { readonly name: string; isDirectory(): boolean }[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return [];
    throw error;
  }
}
