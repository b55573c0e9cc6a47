import { KnownError, messageOf } from '../../../lib/errors.ts';
import { canonicalName, formatReference, parseReference, type Reference } from '../../../oci/reference.ts';
import type { CliConfig, Command } from '../../command.ts';
import { outputOptions, showProgress } from '../../progress/show.ts';

const HUB_KEY = 'https://index.docker.io/v1/';

/** `docker pull`. */
export const pull: Command = {
  usage: 'docker pull [OPTIONS] NAME[:TAG|@DIGEST]',
  description: 'Download an image from a registry',
  flags: [
    { name: 'all-tags', short: 'a', kind: 'bool', description: 'Download all tagged images in the repository' },
    {
      name: 'disable-content-trust',
      kind: 'bool',
      default: true,
      description: 'Skip image verification',
    },
    { name: 'platform', kind: 'string', description: 'Set platform if server is multi-platform capable' },
    { name: 'quiet', short: 'q', kind: 'bool', description: 'Suppress verbose output' },
  ],
  args: { min: 1, max: 1 },
  async run({ api, out, config }, { flags, args }) {
    if (!flags.bool('disable-content-trust')) {
      throw new KnownError('not_implemented', 'content trust is not supported');
    }
    const [all, quiet] = [flags.bool('all-tags'), flags.bool('quiet')];
    const named = parseReference(args[0] ?? '');
    const nameOnly = named.tag === undefined && named.digest === undefined;
    if (all && !nameOnly) throw new KnownError('invalid_parameter', "tag can't be used with --all-tags/-a");
    const reference = nameOnly && !all ? { ...named, tag: 'latest' } : named;
    if (nameOnly && !all && !quiet) out('Using default tag: latest\n');
    const query = {
      fromImage: canonicalName(reference),
      tag: reference.digest ?? reference.tag,
      platform: flags.text('platform').toLowerCase(),
    };
    const headers = registryAuth(config, reference);
    const response = await api.send('POST', '/images/create', { query, headers });
    await showProgress(response.body, quiet ? () => undefined : out, outputOptions());
    out(`${formatReference(reference)}\n`);
    return 0;
  },
};

/** The `X-Registry-Auth` header of what `docker login` kept in config.json, none without. */
function registryAuth({ raw }: CliConfig, reference: Reference): Record<string, string> {
  const key = reference.registry === 'docker.io' ? HUB_KEY : reference.registry;
  const entry = member(member(raw, 'auths'), key);
  const auth = member(entry, 'auth');
  const identity = member(entry, 'identitytoken');
  if (typeof auth !== 'string' && typeof identity !== 'string') return {};
  const [username = '', ...password] = decode(typeof auth === 'string' ? auth : '').split(':');
  const body = {
    ...(username === '' ? {} : { username, password: password.join(':') }),
    ...(typeof identity === 'string' ? { identitytoken: identity } : {}),
    serveraddress: key,
  };
  return { 'X-Registry-Auth': Buffer.from(JSON.stringify(body)).toString('base64url') };
}

function decode(auth: string): string {
  try {
    return atob(auth);
  } catch (error) {
    throw new KnownError('invalid_parameter', `invalid auth in config.json: ${messageOf(error)}`, { cause: error });
  }
}

function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}
