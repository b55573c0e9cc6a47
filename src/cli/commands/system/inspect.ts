import type { EngineApi } from '../../../client/engine-api.ts';
import { isKind, KnownError } from '../../../lib/errors.ts';
import type { Command } from '../../command.ts';
import { INSPECT_FORMAT_FLAG } from '../../format/format-flag.ts';
import { type Inspected, printInspected } from '../../format/inspect.ts';

interface Kind {
  readonly type: string;
  readonly path: (name: string) => string;
  /** It has a size (--size). */
  readonly sized?: boolean;
}

/** In the order they are tried when no type is given. */
const KINDS: Readonly<Record<string, Kind>> = {
  container: { type: 'container.InspectResponse', path: (name) => `/containers/${name}/json`, sized: true },
  image: { type: 'image.InspectResponse', path: (name) => `/images/${name}/json` },
  network: { type: 'network.Inspect', path: (name) => `/networks/${name}` },
  volume: { type: 'volume.Volume', path: (name) => `/volumes/${name}` },
};
const KNOWN = ['config', 'container', 'image', 'network', 'node', 'plugin', 'secret', 'service', 'task', 'volume'];

/** `docker inspect`. */
export const inspect: Command = {
  usage: 'docker inspect [OPTIONS] NAME|ID [NAME|ID...]',
  description: 'Return low-level information on Docker objects',
  flags: [
    INSPECT_FORMAT_FLAG,
    { name: 'size', short: 's', kind: 'bool', description: 'Display total file sizes if the type is container' },
    { name: 'type', kind: 'string', description: 'Only inspect objects of the given type' },
  ],
  args: { min: 1 },
  async run(context, { flags, args }) {
    const type = flags.text('type');
    if (flags.given('type') && type === '')
      throw new KnownError(
        'invalid_parameter',
        'type is empty: must be one of "config", "container", "image", "network", "node", "plugin", "secret", "service", "task", "volume"',
      );
    if (type !== '' && !KNOWN.includes(type)) throw unknownType(type);
    if (type !== '' && !Object.hasOwn(KINDS, type)) {
      throw new KnownError('not_implemented', `inspecting objects of type ${type} is not supported`);
    }
    const kinds = type === '' ? Object.values(KINDS) : Object.values(KINDS).filter((kind) => kind === KINDS[type]);
    return await printInspected(context, args, flags.text('format'), (name) =>
      type === ''
        ? firstFound(context.api, kinds, name, flags.bool('size'))
        : fetchKind(context.api, kinds[0], name, flags.bool('size')),
    );
  },
};

function unknownType(type: string): KnownError {
  const known = KNOWN.map((name) => `"${name}"`).join(', ');
  return new KnownError('invalid_parameter', `unknown type: "${type}": must be one of ${known}`);
}

async function firstFound(api: EngineApi, kinds: readonly Kind[], name: string, size: boolean): Promise<Inspected> {
  for (const kind of kinds) {
    try {
      return await fetchKind(api, kind, name, size);
    } catch (error) {
      if (!isKind(error, 'not_found')) throw error;
    }
  }
  throw new KnownError('not_found', `Error: No such object: ${name}`);
}

async function fetchKind(api: EngineApi, kind: Kind | undefined, name: string, size: boolean): Promise<Inspected> {
  if (kind === undefined) throw new KnownError('not_found', `Error: No such object: ${name}`);
  const query = kind.sized ? { size } : {};
  const response = await api.send('GET', kind.path(encodeURIComponent(name)), { query });
  return { json: await response.text(), type: kind.type };
}
