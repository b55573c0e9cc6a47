import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { errnoOf, messageOf } from '../../../lib/errors.ts';
import { invalid } from '../../../lib/invalid.ts';
import type { CommandContext } from '../../command.ts';
import { isRecord } from '../../config/load.ts';
import type { ClientSide } from './create-body.ts';

/** What create and run take from the machine they run on. */
export function clientSide(context: CommandContext, consoleSize: readonly [number, number]): ClientSide {
  return {
    lookup: (name) => process.env[name],
    readFile: openText,
    absolute: (path) => resolve(path),
    proxies: proxyEnv(context.config.raw, context.api.endpoint.text),
    consoleSize,
  };
}

/** The text of a file. Errors: invalid_parameter with Go's words for what went wrong. */
export function openText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw invalid(goReason(error, path));
  }
}

function goReason(error: unknown, path: string): string {
  switch (errnoOf(error)) {
    case 'ENOENT':
      return `open ${path}: no such file or directory`;
    case 'EACCES':
      return `open ${path}: permission denied`;
    case 'EISDIR':
      return `read ${path}: is a directory`;
    default:
      return messageOf(error);
  }
}

const PROXIES: readonly (readonly [string, string])[] = [
  ['httpProxy', 'HTTP_PROXY'],
  ['httpsProxy', 'HTTPS_PROXY'],
  ['noProxy', 'NO_PROXY'],
  ['ftpProxy', 'FTP_PROXY'],
  ['allProxy', 'ALL_PROXY'],
];

/** `proxies` of config.json for this daemon, else its `default`, as environment in upper and lower case. */
export function proxyEnv(config: Readonly<Record<string, unknown>>, host: string): readonly string[] {
  const proxies = isRecord(config['proxies']) ? config['proxies'] : {};
  const found = isRecord(proxies[host]) ? proxies[host] : proxies['default'];
  if (!isRecord(found)) return [];
  return PROXIES.flatMap(([key, name]) => {
    const value = found[key];
    return typeof value === 'string' && value !== '' ? [`${name}=${value}`, `${name.toLowerCase()}=${value}`] : [];
  });
}
