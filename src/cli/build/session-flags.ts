import type { Flag, Flags } from '../../lib/flags/flag.ts';

/** Docker has these with buildx only: they are not in the help of the client without it. */
export const SESSION_FLAGS: readonly Flag[] = [
  list('allow', 'Allow extra privileged entitlement (e.g., "network.host", "security.insecure")'),
  list('annotation', 'Add annotation to the image'),
  list('attest', 'Attestation parameters (format: "type=sbom,generator=image")'),
  list('build-context', 'Additional build contexts (e.g., name=path)'),
  list('cache-to', 'Cache export destinations (e.g., "user/app:cache", "type=local,dest=path/to/dir")'),
  bool('explain', 'Tell why steps were not in the cache'),
  bool('load', 'Shorthand for "--output=type=docker"'),
  text('metadata-file', 'Write build result metadata to a file'),
  list('no-cache-filter', 'Do not cache specified stages'),
  { ...list('output', 'Output destination (format: "type=local,dest=path")'), short: 'o' },
  text('progress', 'Set type of progress output ("auto", "plain", "quiet", "rawjson", "tty")'),
  text('provenance', 'Shorthand for "--attest=type=provenance"'),
  bool('push', 'Shorthand for "--output=type=registry"'),
  text('sbom', 'Shorthand for "--attest=type=sbom"'),
  list('secret', 'Secret to expose to the build (format: "id=mysecret[,src=/local/secret]")'),
  list('ssh', 'SSH agent socket or keys to expose to the build (format: "default|<id>[=<socket>|<key>[,<key>]]")'),
];

/** What a daemon without sessions can do nothing with. `progress` and `load` ask for nothing there. */
export function sessionOnly(flags: Flags): string | undefined {
  // an image's name says all that such a daemon understands
  if (flags.list('cache-from').some((text) => text.includes('='))) return 'cache-from';
  return SESSION_FLAGS.find(({ name }) => name !== 'progress' && name !== 'load' && flags.given(name))?.name;
}

function list(name: string, description: string): Flag {
  return { name, kind: 'list', hidden: true, description };
}

function bool(name: string, description: string): Flag {
  return { name, kind: 'bool', hidden: true, description };
}

function text(name: string, description: string): Flag {
  return { name, kind: 'string', hidden: true, description };
}
