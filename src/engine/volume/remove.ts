import { isKind } from '../../lib/errors.ts';
import type { VolumeRecord } from '../../store/record/volume-records.ts';
import { publish, type VolumeContext } from './context.ts';
import { driverOf, known } from './drivers.ts';
import { volumeInUse } from './errors.ts';

/** See VolumeService.remove. */
export async function removeVolume(
  ctx: VolumeContext,
  name: string,
  { force }: { readonly force: boolean },
): Promise<void> {
  await ctx.locks.run(name, async () => {
    const record = await known(ctx, name).catch((error: unknown) => {
      if (force && isKind(error, 'not_found')) return undefined;
      throw error;
    });
    if (!record) return;
    const users = [...ctx.records.users(name)];
    if (users.length > 0) throw volumeInUse('remove', name, users);
    try {
      await discard(ctx, record);
    } catch (error) {
      // By force a volume is forgotten whose plugin is gone.
      if (!force || record.driver === undefined) throw error;
      ctx.records.remove(name);
    }
  });
}

/** Under the volume's lock. Files first: a record without a folder is a removal to be finished, files without a record would be somebody's data. */
export async function discard(ctx: VolumeContext, record: VolumeRecord): Promise<void> {
  const driver = await driverOf(ctx, record.driver);
  await driver.remove(record.name);
  ctx.records.remove(record.name);
  await ctx.files.emptyTrash();
  publish(ctx, record, 'destroy');
}
