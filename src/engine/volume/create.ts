import { randomBytes } from 'node:crypto';
import type { Volume } from '../../api/types/volume.ts';
import { publish, type VolumeContext } from './context.ts';
import { driverOf, findAtPlugins, known, show } from './drivers.ts';
import { nameOfOtherDriver, whileCreating } from './errors.ts';
import { ANONYMOUS } from './filter.ts';
import { checkLocalName } from './local-driver.ts';
import type { VolumeService } from './volume.ts';

/** See VolumeService.create. */
export async function createVolume(
  ctx: VolumeContext,
  request: Parameters<VolumeService['create']>[0],
): Promise<Volume> {
  const { name, driver, driverOpts = {}, labels = {}, anonymous = name === undefined } = request;
  const own = name ?? randomBytes(32).toString('hex');
  return await ctx.locks.run(own, async () => {
    const there = ctx.records.get(own);
    if (there) {
      const wanted = driver === undefined ? undefined : await creating(own, () => driverOf(ctx, driver));
      if (wanted && wanted.name !== (there.driver ?? 'local')) throw nameOfOtherDriver(own, there.driver ?? 'local');
      return await show(ctx, there);
    }
    if (driver === undefined && (await findAtPlugins(ctx, own))) return await show(ctx, await known(ctx, own));
    const keeper = await creating(own, () => driverOf(ctx, driver));
    if (keeper.name === 'local') checkLocalName(own);
    const record = {
      name: own,
      ...(keeper.name !== 'local' && { driver: keeper.name }),
      ...(Object.keys(driverOpts).length > 0 && { options: driverOpts }),
      labels: anonymous ? { ...labels, [ANONYMOUS]: '' } : labels,
      createdAt: new Date().toISOString(),
    };
    await creating(own, () => keeper.create(own, driverOpts));
    ctx.records.add(record, request.usedBy);
    publish(ctx, record, 'create');
    return await show(ctx, record);
  });
}

async function creating<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw whileCreating(name, error);
  }
}
