import type { Volume } from '../../api/types/volume.ts';
import { createKeyedLock } from '../../lib/async/keyed-lock.ts';
import { find, publish, type VolumeContext, type VolumeDeps } from './context.ts';
import { createCopies } from './copies.ts';
import { createVolume } from './create.ts';
import { known, listPlugins, show } from './drivers.ts';
import { matchesFilters, switchOf } from './filter.ts';
import { borrow, copyUp, hold, letGo } from './hold.ts';
import { createHolders } from './holders.ts';
import { createLocalDriver } from './local-driver.ts';
import { pruneVolumes } from './prune.ts';
import { recoverVolumes, releaseOthers } from './recover.ts';
import { removeVolume } from './remove.ts';
import type { VolumeService } from './volume.ts';

export function createVolumeService(deps: VolumeDeps): VolumeService {
  const { records, files } = deps;
  const holders = createHolders();
  const others = (name: string, id: string): number => holders.of(name).filter((holder) => holder !== id).length;
  const ctx: VolumeContext = {
    ...deps,
    holders,
    mountpoints: new Map(),
    locks: createKeyedLock(),
    local: createLocalDriver({ files, records, others }),
  };
  return {
    create: async (request) => await createVolume(ctx, request),
    async list(filters) {
      switchOf(filters, 'dangling');
      const local = records.list().filter(({ driver }) => driver === undefined);
      const own = await Promise.all(local.map((record) => show(ctx, record)));
      const { volumes, warnings } = await listPlugins(ctx);
      const isUsed = ({ Name = '' }: Volume): boolean => records.users(Name).length > 0;
      const chosen = [...own, ...volumes].filter((volume) => matchesFilters(volume, isUsed(volume), filters));
      return { volumes: chosen, warnings };
    },
    recover: (report) => recoverVolumes(ctx, report),
    async usage() {
      const measured: Volume[] = [];
      for (const record of records.list()) {
        const { name, driver, options } = record;
        if (driver !== undefined || Object.keys(options ?? {}).length > 0) continue;
        const Size = await files.sizeBytes(files.path(name));
        measured.push({ ...(await show(ctx, record)), UsageData: { Size, RefCount: records.users(name).length } });
      }
      return measured;
    },
    inspect: async (name) => await show(ctx, await known(ctx, name)),
    remove: async (name, options) => await removeVolume(ctx, name, options),
    prune: async (filters) => await pruneVolumes(ctx, filters),
    async acquire(name, containerId) {
      await known(ctx, name);
      records.use(name, containerId);
    },
    async mount(name, container, { destination, readOnly }) {
      const path = await ctx.locks.run(name, () => hold(ctx, name, container));
      publish(ctx, find(ctx, name), 'mount', {
        container,
        destination,
        propagation: '',
        'read/write': String(!readOnly),
      });
      return path;
    },
    async unmount(name, container) {
      await ctx.locks.run(name, () => letGo(ctx, name, container));
      publish(ctx, records.get(name) ?? { name }, 'unmount', { container });
    },
    mountpoint(name) {
      const record = records.get(name);
      return record && (record.driver === undefined ? files.path(name) : ctx.mountpoints.get(name));
    },
    adopt: (name, containerId) => void holders.add(name, containerId),
    borrow: async (name, work) => await borrow(ctx, name, work),
    releaseOthers: (known) => releaseOthers(ctx, known),
    releaseAll: async (containerId) => records.release(containerId),
    copyUp: async (name, rootfs, imagePath) => await copyUp(ctx, name, rootfs, imagePath),
    copies: createCopies(ctx),
  };
}
