import { randomBytes } from 'node:crypto';
import type { Volume } from '../../api/types/volume.ts';
import { createKeyedLock } from '../../lib/async/keyed-lock.ts';
import { KnownError } from '../../lib/errors.ts';
import type { VolumeFiles } from '../../linux/runtime/volume-files.ts';
import type { VolumeRecord, VolumeRecords } from '../../store/record/volume-records.ts';
import type { EventBus } from '../event/event.ts';
import type { VolumeService } from './volume.ts';

const ANONYMOUS = 'com.docker.volume.anonymous';
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** It is a folder's name (NAME_MAX of limits.h). */
const NAME_MAX = 255;

export function createVolumeService(deps: {
  readonly records: VolumeRecords;
  readonly files: VolumeFiles;
  readonly events: EventBus;
}): VolumeService {
  const { records, files, events } = deps;
  const locks = createKeyedLock();
  const tell = (action: string, name: string, extra: Readonly<Record<string, string>> = {}): void =>
    events.publish({ type: 'volume', action, id: name, attributes: { driver: 'local', ...extra } });
  const find = (name: string): VolumeRecord => {
    const record = records.get(name);
    if (!record) throw new KnownError('not_found', `get ${name}: no such volume`);
    return record;
  };
  const toVolume = ({ name, labels, createdAt }: VolumeRecord): Volume => ({
    Name: name,
    Driver: 'local',
    Mountpoint: files.path(name),
    CreatedAt: createdAt,
    Labels: { ...labels },
    Scope: 'local',
    Options: null,
  });
  const destroy = async (name: string): Promise<void> => {
    // Files first: a record without a folder is a removal to be finished, files without a record would be somebody's data.
    files.discard(name);
    records.remove(name);
    await files.emptyTrash();
    tell('destroy', name);
  };
  return {
    async create({ name, driver = 'local', driverOpts = {}, labels = {}, anonymous = name === undefined }) {
      if (driver !== 'local')
        throw new KnownError('not_found', `error looking up volume plugin ${driver}: plugin "${driver}" not found`);
      if (Object.keys(driverOpts).length > 0)
        throw new KnownError('not_implemented', 'options of the local volume driver are not supported yet');
      const own = name ?? randomBytes(32).toString('hex');
      if (!NAME.test(own))
        throw new KnownError(
          'invalid_parameter',
          `create ${own}: "${own}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
        );
      if (own.length > NAME_MAX)
        throw new KnownError('invalid_parameter', `volume name is longer than ${NAME_MAX} characters`);
      return await locks.run(own, async () => {
        const known = records.get(own);
        if (known) return toVolume(known);
        const record = {
          name: own,
          labels: anonymous ? { ...labels, [ANONYMOUS]: '' } : labels,
          createdAt: new Date().toISOString(),
        };
        files.make(own);
        records.add(record);
        tell('create', own);
        return toVolume(record);
      });
    },
    async list(filters) {
      const has = (key: string, test: (value: string) => boolean): boolean => filters.get(key)?.some(test) ?? true;
      return records
        .list()
        .filter(
          ({ name, labels }) =>
            has('name', (value) => name.includes(value)) &&
            has('driver', (value) => value === 'local') &&
            (filters.get('label') ?? []).every((label) => hasLabel(labels, label)) &&
            has('dangling', (value) => ['true', '1'].includes(value) === (records.users(name).length === 0)),
        )
        .map(toVolume);
    },
    recover(report) {
      const folders = new Set(files.list());
      for (const { name } of records.list())
        if (!folders.has(name) && records.users(name).length === 0) records.remove(name);
      for (const name of folders) {
        if (records.get(name) || files.removeEmpty(name)) continue;
        report(`volumes: the folder ${name} has content and no record; it is left as it is`, undefined);
      }
    },
    async usage() {
      const measured: Volume[] = [];
      for (const record of records.list()) {
        const { name } = record;
        measured.push({
          ...toVolume(record),
          UsageData: { Size: await files.sizeBytes(name), RefCount: records.users(name).length },
        });
      }
      return measured;
    },
    inspect: async (name) => toVolume(find(name)),
    remove: (name, { force }) =>
      locks.run(name, async () => {
        if (force && !records.get(name)) return;
        find(name);
        const users = records.users(name);
        if (users.length > 0)
          throw new KnownError('conflict', `remove ${name}: volume is in use - [${users.join(', ')}]`);
        await destroy(name);
      }),
    async prune(filters) {
      const all = filters.get('all')?.some((value) => ['true', '1'].includes(value)) ?? false;
      const isUnused = (name: string): boolean => records.get(name) !== undefined && records.users(name).length === 0;
      const chosen = records
        .list()
        .filter(
          ({ name, labels }) =>
            isUnused(name) &&
            (all || ANONYMOUS in labels) &&
            (filters.get('label') ?? []).every((label) => hasLabel(labels, label)) &&
            !(filters.get('label!') ?? []).some((label) => hasLabel(labels, label)),
        );
      const deleted: string[] = [];
      let reclaimedBytes = 0;
      for (const { name } of chosen)
        await locks.run(name, async () => {
          const sizeBytes = await files.sizeBytes(name);
          if (!isUnused(name)) return; // somebody has taken it meanwhile
          await destroy(name);
          deleted.push(name);
          reclaimedBytes += sizeBytes;
        });
      events.publish({ type: 'volume', action: 'prune', id: '', attributes: { reclaimed: String(reclaimedBytes) } });
      return { deleted, reclaimedBytes };
    },
    async acquire(name, containerId) {
      find(name);
      records.use(name, containerId);
    },
    mount(name, container, { destination, readOnly }) {
      find(name);
      tell('mount', name, { container, destination, propagation: '', 'read/write': String(!readOnly) });
      return files.path(name);
    },
    unmount: (name, container) => tell('unmount', name, { container }),
    releaseOthers(known) {
      for (const id of records.allUsers()) if (!known.has(id)) records.release(id);
    },
    releaseAll: async (containerId) => records.release(containerId),
    copyUp: async (name, rootfs, imagePath) => await files.copyUp(name, rootfs, imagePath),
  };
}

function hasLabel(labels: Readonly<Record<string, string>>, wanted: string): boolean {
  const at = wanted.indexOf('=');
  return at === -1 ? wanted in labels : labels[wanted.slice(0, at)] === wanted.slice(at + 1);
}
