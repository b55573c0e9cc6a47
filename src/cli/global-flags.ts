import type { Flag } from '../lib/flags/flag.ts';

/** The options in front of the command. `home` is where config.json is by default. */
export function globalFlags(home: string): readonly Flag[] {
  return [
    { name: 'config', kind: 'string', default: home, description: 'Location of client config files' },
    {
      name: 'context',
      short: 'c',
      kind: 'string',
      description:
        'Name of the context to use to connect to the daemon (overrides DOCKER_HOST env var and default context set with "docker context use")',
    },
    { name: 'debug', short: 'D', kind: 'bool', description: 'Enable debug mode' },
    { name: 'host', short: 'H', kind: 'list', description: 'Daemon socket to connect to' },
    {
      name: 'log-level',
      short: 'l',
      kind: 'string',
      default: 'info',
      description: 'Set the logging level ("debug", "info", "warn", "error", "fatal")',
    },
    { name: 'tls', kind: 'bool', description: 'Use TLS; implied by --tlsverify' },
    {
      name: 'tlscacert',
      kind: 'string',
      default: `${home}/ca.pem`,
      description: 'Trust certs signed only by this CA',
    },
    { name: 'tlscert', kind: 'string', default: `${home}/cert.pem`, description: 'Path to TLS certificate file' },
    { name: 'tlskey', kind: 'string', default: `${home}/key.pem`, description: 'Path to TLS key file' },
    { name: 'tlsverify', kind: 'bool', description: 'Use TLS and verify the remote' },
    { name: 'version', short: 'v', kind: 'bool', description: 'Print version information and quit' },
  ];
}

/** Errors are the caller's to raise: true for what `--log-level` takes. */
export function isLogLevel(text: string): boolean {
  return ['panic', 'fatal', 'error', 'warn', 'warning', 'info', 'debug', 'trace'].includes(text.toLowerCase());
}
