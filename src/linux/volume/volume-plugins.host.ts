import { KnownError, messageOf } from '../../lib/errors.ts';
import { findPlugin, listPlugins, PLUGIN_FOLDERS, type PluginAddress } from './find-plugins.host.ts';
import { ANSWER_MS, callPlugin } from './plugin-client.host.ts';
import type { DriverVolume, VolumeDriver, VolumePlugins } from './volume-driver.ts';

type Answer = Readonly<Record<string, unknown>>;

/** Plugins by Docker's protocol (docs: Docker volume plugins). One that has been greeted is kept as long as its address is the same. */
export function createVolumePlugins(folders: Parameters<typeof listPlugins>[0] = PLUGIN_FOLDERS): VolumePlugins {
  const open = new Map<string, { readonly at: string; readonly driver: Promise<VolumeDriver> }>();
  return {
    names: () => listPlugins(folders),
    async open(name) {
      const refuse = (why: unknown): never => {
        throw new KnownError('system', `error looking up volume plugin ${name}: ${messageOf(why)}`, { cause: why });
      };
      const address = await Promise.resolve()
        .then(() => findPlugin(name, folders))
        .catch(refuse);
      if (!address) return undefined;
      const at = JSON.stringify(address);
      const kept = open.get(name);
      const driver = kept?.at === at ? kept.driver : greet(name, address);
      open.set(name, { at, driver });
      return await driver.catch((error: unknown) => {
        open.delete(name);
        return refuse(error);
      });
    },
  };
}

async function greet(name: string, address: PluginAddress): Promise<VolumeDriver> {
  const { Implements: kinds } = await callPlugin(address, 'Plugin.Activate', {}, ANSWER_MS.short);
  if (!Array.isArray(kinds) || !kinds.includes('VolumeDriver'))
    throw new KnownError('system', 'plugin does not implement the requested driver');
  const call = async (verb: string, body: object, timeoutMs: number): Promise<Answer> =>
    await callPlugin(address, `VolumeDriver.${verb}`, body, timeoutMs);
  return {
    name,
    scope: await scopeOf(call),
    create: async (volume, options) => void (await call('Create', { Name: volume, Opts: options }, ANSWER_MS.long)),
    remove: async (volume) => void (await call('Remove', { Name: volume }, ANSWER_MS.short)),
    async get(volume) {
      const answer = await call('Get', { Name: volume }, ANSWER_MS.short).catch((error: unknown) => {
        // The protocol has no word for "there is none": whoever answers at all says so with an error.
        if (messageOf(error).startsWith('Post ')) throw error;
        return undefined;
      });
      return toVolume(answer?.['Volume']);
    },
    async list() {
      const { Volumes } = await call('List', {}, ANSWER_MS.short);
      return Array.isArray(Volumes) ? Volumes.flatMap((entry) => toVolume(entry) ?? []) : [];
    },
    mount: async (volume, id) => toPath(await call('Mount', { Name: volume, ID: id }, ANSWER_MS.long)),
    unmount: async (volume, id) => void (await call('Unmount', { Name: volume, ID: id }, ANSWER_MS.short)),
  };
}

/** A plugin that does not know the question is local, as in Docker. */
async function scopeOf(
  call: (verb: string, body: object, timeoutMs: number) => Promise<Answer>,
): Promise<'local' | 'global'> {
  const answer = await call('Capabilities', {}, ANSWER_MS.short).catch(() => ({}) as Answer);
  const { Scope } = (answer['Capabilities'] ?? {}) as { readonly Scope?: unknown };
  return typeof Scope === 'string' && Scope.toLowerCase() === 'global' ? 'global' : 'local';
}

function toVolume(value: unknown): DriverVolume | undefined {
  const { Name, Mountpoint, CreatedAt, Status } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof Name !== 'string' || Name === '') return undefined;
  return {
    name: Name,
    mountpoint: typeof Mountpoint === 'string' ? Mountpoint : '',
    ...(typeof CreatedAt === 'string' && { createdAt: CreatedAt }),
    ...(typeof Status === 'object' && Status !== null && { status: { ...Status } }),
  };
}

function toPath({ Mountpoint }: Answer): string {
  if (typeof Mountpoint !== 'string' || !Mountpoint.startsWith('/'))
    throw new KnownError('system', 'VolumeDriver.Mount: the plugin names no absolute path');
  return Mountpoint;
}
