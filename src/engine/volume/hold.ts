import { randomUUID } from 'node:crypto';
import type { VolumeContext } from './context.ts';
import { driverOf, known } from './drivers.ts';
import { deviceOf } from './local-options.ts';

/** Makes a volume ready for a holder, under the volume's lock; a holder may hold it several times. Errors: not_found, the driver's. */
export async function hold(ctx: VolumeContext, name: string, holder: string): Promise<string> {
  const record = await known(ctx, name);
  const driver = await driverOf(ctx, record.driver);
  const isFirst = ctx.holders.add(name, holder);
  try {
    if (record.driver === undefined) return await driver.mount(name, holder);
    const path = isFirst ? await driver.mount(name, holder) : ((await driver.get(name))?.mountpoint ?? '');
    ctx.mountpoints.set(name, path);
    return path;
  } catch (error) {
    ctx.holders.remove(name, holder);
    throw error;
  }
}

/** Takes back one {@link hold}, under the volume's lock. Fine when it was none. Errors: the driver's. */
export async function letGo(ctx: VolumeContext, name: string, holder: string): Promise<void> {
  if (!ctx.holders.remove(name, holder)) return;
  const record = ctx.records.get(name);
  if (record) await (await driverOf(ctx, record.driver)).unmount(name, holder);
}

/** See VolumeService.borrow. */
export async function borrow<T>(ctx: VolumeContext, name: string, work: (path: string) => Promise<T>): Promise<T> {
  const holder = `borrowed-${randomUUID()}`;
  const path = await ctx.locks.run(name, () => hold(ctx, name, holder));
  try {
    return await work(path);
  } finally {
    await ctx.locks.run(name, () => letGo(ctx, name, holder));
  }
}

/** Copies the image's content into the volume, when that is empty. Nobody else mounts or removes it meanwhile. */
export async function copyUp(ctx: VolumeContext, name: string, rootfs: string, imagePath: string): Promise<void> {
  const holder = `filled-${randomUUID()}`;
  await ctx.locks.run(name, async () => {
    const { driver, options } = await known(ctx, name);
    if (driver === undefined && !deviceOf(options ?? {}) && ctx.holders.of(name).length === 0)
      return await ctx.files.fill(name, rootfs, imagePath);
    const path = await hold(ctx, name, holder);
    try {
      await ctx.files.copyUp(path, rootfs, imagePath);
    } finally {
      await letGo(ctx, name, holder);
    }
  });
}
