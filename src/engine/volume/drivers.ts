import type { Volume } from '../../api/types/volume.ts';
import { messageOf } from '../../lib/errors.ts';
import type { DriverVolume, VolumeDriver } from '../../linux/volume/volume-driver.ts';
import type { VolumeRecord } from '../../store/record/volume-records.ts';
import type { VolumeContext } from './context.ts';
import { noSuchVolume, unknownDriver } from './errors.ts';

/** Errors: not_found `error looking up volume plugin NAME: ...`; system, when the plugin does not answer. */
export async function driverOf(ctx: VolumeContext, name = 'local'): Promise<VolumeDriver> {
  if (name === 'local') return ctx.local;
  const plugin = await ctx.plugins.open(name);
  if (!plugin) throw unknownDriver(name);
  return plugin;
}

/** Looks a volume up that is not on record: a plugin may have it all the same. Those that do not answer are passed over. */
export async function findAtPlugins(
  ctx: VolumeContext,
  name: string,
): Promise<{ readonly driver: VolumeDriver; readonly volume: DriverVolume } | undefined> {
  for (const plugin of ctx.plugins.names()) {
    try {
      const driver = await ctx.plugins.open(plugin);
      const volume = await driver?.get(name);
      if (driver && volume) return { driver, volume };
    } catch {
      // as Docker has it: another one may know
    }
  }
  return undefined;
}

/** On record, or put there because a plugin has it. Errors: not_found. */
export async function known(ctx: VolumeContext, name: string): Promise<VolumeRecord> {
  const record = ctx.records.get(name);
  if (record) return record;
  const found = await findAtPlugins(ctx, name);
  if (!found) throw noSuchVolume(name);
  const adopted = {
    name,
    driver: found.driver.name,
    labels: {},
    createdAt: found.volume.createdAt ?? new Date().toISOString(),
  };
  if (!ctx.records.get(name)) ctx.records.add(adopted);
  return adopted;
}

/** A volume as the API shows it. Errors: the driver's; not_found when its plugin no longer has it. */
export async function show(ctx: VolumeContext, record: VolumeRecord): Promise<Volume> {
  if (record.driver === undefined) return toVolume(record, 'local', { mountpoint: ctx.files.path(record.name) });
  const driver = await driverOf(ctx, record.driver);
  const volume = await driver.get(record.name);
  if (!volume) throw noSuchVolume(record.name);
  return toVolume(record, driver.scope, volume);
}

/** Every volume of every plugin, and what to say of plugins that do not answer. */
export async function listPlugins(
  ctx: VolumeContext,
): Promise<{ readonly volumes: readonly Volume[]; readonly warnings: readonly string[] }> {
  const volumes: Volume[] = [];
  const warnings: string[] = [];
  for (const name of ctx.plugins.names()) {
    try {
      const driver = await ctx.plugins.open(name);
      for (const found of (await driver?.list()) ?? []) {
        const record = ctx.records.get(found.name) ?? {
          name: found.name,
          driver: name,
          labels: {},
          createdAt: found.createdAt ?? '',
        };
        if (record.driver === name) volumes.push(toVolume(record, driver?.scope ?? 'local', found));
      }
    } catch (error) {
      warnings.push(`error while listing volumes of driver ${name}: ${messageOf(error)}`);
    }
  }
  return { volumes, warnings };
}

/** Null for none: Go's nil map, which the types of the wire leave out. */
function labelsOf(labels: VolumeRecord['labels']): NonNullable<Volume['Labels']> {
  return (Object.keys(labels).length > 0 ? { ...labels } : null) as NonNullable<Volume['Labels']>;
}

function toVolume(
  { name, driver = 'local', labels, createdAt, options }: VolumeRecord,
  scope: 'local' | 'global',
  { mountpoint, status }: Pick<DriverVolume, 'mountpoint' | 'status'>,
): Volume {
  return {
    Name: name,
    Driver: driver,
    Mountpoint: mountpoint,
    CreatedAt: createdAt,
    ...(status && { Status: status as NonNullable<Volume['Status']> }),
    Labels: labelsOf(labels),
    Scope: scope,
    Options: options && Object.keys(options).length > 0 ? { ...options } : null,
  };
}
