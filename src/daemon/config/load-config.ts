import { existsSync, readFileSync } from 'node:fs';
import { errnoOf, KnownError, messageOf } from '../../lib/errors.ts';
import { formatFlags } from '../../lib/flags/help.ts';
import { invalid } from '../../lib/invalid.ts';
import { type DaemonConfig, resolveConfig } from './daemon-config.ts';
import { FLAGS } from './directives.ts';
import { type CommandLine, joinSettings, parseCommandLine, parseConfigFile, type Settings } from './settings.ts';

/** What the command line asks for. */
export type Asked =
  | { readonly kind: 'help' | 'version' | 'validate'; readonly notices: readonly string[] }
  | {
      readonly kind: 'run';
      readonly notices: readonly string[];
      readonly config: DaemonConfig;
      readonly configFile: string;
      /** Reads the file again, with the same command line. Errors as those of `loadConfig`. */
      readonly reload: () => DaemonConfig;
    };

/**
 * Settings by the command line and daemon.json, whose absence is no error unless it was asked for by name.
 * Errors: invalid_parameter and not_implemented, naming the file where it is at fault.
 */
export function loadConfig(argv: readonly string[]): Asked {
  const line = parseCommandLine(argv);
  const { notices } = line;
  if (line.help) return { kind: 'help', notices };
  if (line.settings.get('version') === true) return { kind: 'version', notices };
  const load = (): DaemonConfig => resolveWith(line);
  const config = load();
  if (line.settings.get('validate') === true) return { kind: 'validate', notices };
  return { kind: 'run', notices, config, configFile: line.configFile.path, reload: load };
}

/** The list of flags as `dockerd --help` shows it. */
export function usage(columns: number): string {
  const help = { name: 'help', kind: 'bool', description: 'Print usage' } as const;
  return `Usage:  dockerd [OPTIONS]\n\nA container engine\n\nOptions:\n${formatFlags([...FLAGS, help], columns)}`;
}

function resolveWith({ settings, configFile }: CommandLine): DaemonConfig {
  resolveConfig(settings);
  const file = readFile(configFile);
  try {
    return resolveConfig(joinSettings(settings, file));
  } catch (error) {
    throw new KnownError(
      error instanceof KnownError ? error.kind : 'system',
      `unable to configure the Docker daemon with file ${configFile.path}: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

function readFile({ path, given }: CommandLine['configFile']): Settings {
  if (!given && !existsSync(path)) return new Map();
  try {
    return parseConfigFile(readFileSync(path, 'utf8'));
  } catch (error) {
    const why = errnoOf(error) === 'ENOENT' ? `open ${path}: no such file or directory` : messageOf(error);
    throw invalid(`unable to configure the Docker daemon with file ${path}: ${why}`);
  }
}
