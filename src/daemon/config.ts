import { parseArgs } from 'node:util';
import { KnownError, messageOf } from '../lib/errors.ts';

/** Settings of one daemon, from dockerd's own flags. */
export interface DaemonConfig {
  readonly dataRoot: string;
  readonly execRoot: string;
  readonly hosts: readonly string[];
  readonly pidFile: string;
  readonly debug: boolean;
  readonly bridge: string | undefined;
  readonly bridgeAddress: string | undefined;
  readonly liveRestore: boolean;
  readonly insecureRegistries: readonly string[];
  readonly registryMirrors: readonly string[];
  readonly shutdownTimeoutSeconds: number;
  readonly cgroupParent: string;
  readonly defaultRuntime: string;
  readonly help: boolean;
  readonly version: boolean;
}

const OPTIONS = {
  'data-root': { type: 'string', default: '/var/lib/skiff' },
  'exec-root': { type: 'string', default: '/run/skiff' },
  host: { type: 'string', short: 'H', multiple: true },
  pidfile: { type: 'string', short: 'p', default: '/run/skiff.pid' },
  debug: { type: 'boolean', short: 'D', default: false },
  'log-level': { type: 'string', short: 'l', default: 'info' },
  bridge: { type: 'string', short: 'b' },
  bip: { type: 'string' },
  'live-restore': { type: 'boolean', default: false },
  'insecure-registry': { type: 'string', multiple: true },
  'registry-mirror': { type: 'string', multiple: true },
  'shutdown-timeout': { type: 'string', default: '15' },
  'cgroup-parent': { type: 'string', default: '/skiff' },
  'default-runtime': { type: 'string', default: 'crun' },
  help: { type: 'boolean', default: false },
  version: { type: 'boolean', short: 'v', default: false },
} as const;

const LEVELS = ['debug', 'info', 'warn', 'error', 'fatal'];

/** Reads the command line. Errors: invalid_parameter naming the flag; one that dockerd has and this daemon not yet is an unknown one. */
export function parseConfig(argv: readonly string[]): DaemonConfig {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(argv);
  } catch (error) {
    throw new KnownError('invalid_parameter', messageOf(error).split('. ')[0] ?? 'bad flags', { cause: error });
  }
  if (!LEVELS.includes(values['log-level']))
    throw new KnownError('invalid_parameter', `invalid logging level: ${values['log-level']}`);
  const seconds = Number(values['shutdown-timeout']);
  if (!Number.isInteger(seconds))
    throw new KnownError('invalid_parameter', `invalid value for --shutdown-timeout: ${values['shutdown-timeout']}`);
  if (values['default-runtime'] !== 'crun' && values['default-runtime'] !== 'runc')
    throw new KnownError(
      'invalid_parameter',
      `specified default runtime '${values['default-runtime']}' does not exist`,
    );
  return {
    dataRoot: absolute(values['data-root']),
    execRoot: absolute(values['exec-root']),
    hosts: values.host ?? ['unix:///var/run/docker.sock'],
    pidFile: values.pidfile,
    debug: values.debug || values['log-level'] === 'debug',
    bridge: values.bridge,
    bridgeAddress: values.bip,
    liveRestore: values['live-restore'],
    insecureRegistries: values['insecure-registry'] ?? [],
    registryMirrors: (values['registry-mirror'] ?? []).map(mirrorAddress),
    shutdownTimeoutSeconds: seconds,
    cgroupParent: values['cgroup-parent'],
    defaultRuntime: values['default-runtime'],
    help: values.help,
    version: values.version,
  };
}

function parse(argv: readonly string[]) {
  return parseArgs({ args: [...argv], options: OPTIONS, strict: true, allowPositionals: false }).values;
}

/** Docker's rules: http or https, without user, path, query or fragment; shown with a slash at its end. */
function mirrorAddress(text: string): string {
  const url = URL.parse(text);
  const plain = url && url.username === '' && url.search === '' && url.hash === '' && url.pathname === '/';
  if (!plain || !['http:', 'https:'].includes(url.protocol))
    throw new KnownError(
      'invalid_parameter',
      `invalid mirror: ${shown(text)} must be an http(s) address with a host only`,
    );
  return `${url.origin}/`;
}

/** Without a user and password that may stand in it. */
function shown(address: string): string {
  return JSON.stringify(address.replace(/\/\/[^/]*@/, '//'));
}

function absolute(path: string): string {
  if (!path.startsWith('/'))
    throw new KnownError('invalid_parameter', `the daemon's roots must be absolute paths: ${path}`);
  return path.replace(/\/+$/, '') || '/';
}

export function usage(): string {
  const lines = Object.entries(OPTIONS).map(([name, option]) => {
    const short = 'short' in option ? `-${option.short}, ` : '    ';
    const fallback = 'default' in option && option.type === 'string' ? ` (default "${option.default}")` : '';
    return `  ${short}--${name}${option.type === 'string' ? ' string' : ''}${fallback}`;
  });
  return `Usage:  dockerd [OPTIONS]\n\nA container engine.\n\nOptions:\n${lines.join('\n')}\n`;
}
