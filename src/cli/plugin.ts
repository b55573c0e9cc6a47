import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { constants as constantsOf } from 'node:os';
import { join } from 'node:path';

/** Folders of plugins besides the one beside config.json, as Docker's client searches them. */
const SYSTEM_FOLDERS = [
  '/usr/local/lib/docker/cli-plugins',
  '/usr/local/libexec/docker/cli-plugins',
  '/usr/lib/docker/cli-plugins',
  '/usr/libexec/docker/cli-plugins',
];
const SIGNALS_BASE = 128;

/**
 * The program behind `docker NAME` where that is no command of ours: `docker-NAME` in a folder of plugins, if it says of itself that it is
 * one (`docker-cli-plugin-metadata`). `extra`: folders of config.json's `cliPluginsExtraDirs`.
 */
export function findPlugin(name: string, configDir: string, extra: readonly string[]): string | undefined {
  if (!/^[a-z][a-z0-9]*$/.test(name)) return undefined;
  const folders = [join(configDir, 'cli-plugins'), ...extra, ...SYSTEM_FOLDERS];
  return folders.map((folder) => join(folder, `docker-${name}`)).find((path) => isExecutable(path) && isPlugin(path));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function isPlugin(path: string): boolean {
  const { status, stdout } = spawnSync(path, ['docker-cli-plugin-metadata'], { encoding: 'utf8', timeout: 10_000 });
  if (status !== 0) return false;
  try {
    const said: unknown = JSON.parse(stdout);
    return typeof said === 'object' && said !== null && 'SchemaVersion' in said && said.SchemaVersion === '0.1.0';
  } catch {
    return false;
  }
}

/** Runs it in our place: with our arguments and streams. Resolves with its exit status. */
export async function runPlugin(path: string, argv: readonly string[]): Promise<number> {
  const env = { ...process.env, DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND: 'docker' };
  const plugin = spawn(path, argv, { stdio: 'inherit', env });
  process.on('SIGTERM', () => plugin.kill('SIGTERM'));
  // the terminal sends these to both, and the plugin decides what they mean
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) process.on(signal, () => undefined);
  return await new Promise((resolve, reject) => {
    plugin.on('error', reject);
    plugin.on('close', (status, signal) => resolve(status ?? SIGNALS_BASE + constantsOf.signals[signal ?? 'SIGTERM']));
  });
}
