import { KnownError } from '../../lib/errors.ts';
import type { VolumeDriver } from '../../linux/volume/volume-driver.ts';
import type { VolumeFiles } from '../../linux/volume/volume-files.ts';
import type { VolumeRecords } from '../../store/record/volume-records.ts';
import { invalidVolumeName, nameTooShort, volumeNameTooLong } from './errors.ts';
import { checkLocalOptions, deviceOf } from './local-options.ts';

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** It is a folder's name (NAME_MAX of limits.h). */
const NAME_MAX = 255;

/** Errors: invalid_parameter, in Docker's words. */
export function checkLocalName(name: string): void {
  if (name.length === 1) throw nameTooShort(name);
  if (!NAME.test(name)) throw invalidVolumeName(name);
  if (name.length > NAME_MAX) throw volumeNameTooLong(name, NAME_MAX);
}

/** Volumes in folders of ours. What options ask for is mounted for the first user and taken off after the last. */
export function createLocalDriver(deps: {
  readonly files: VolumeFiles;
  readonly records: Pick<VolumeRecords, 'get'>;
  /** How many have the volume mounted, the one that asks not counted. */
  readonly others: (name: string, id: string) => number;
}): VolumeDriver {
  const { files, records } = deps;
  const device = (name: string): ReturnType<typeof deviceOf> => deviceOf(records.get(name)?.options ?? {});
  return {
    name: 'local',
    scope: 'local',
    async create(name, options) {
      checkLocalOptions(options, { quota: false });
      files.make(name);
    },
    async remove(name) {
      if (device(name)) files.unmountDevice(name);
      files.discard(name);
    },
    get: async (name) => (records.get(name) ? { name, mountpoint: files.path(name) } : undefined),
    list: async () => files.list().map((name) => ({ name, mountpoint: files.path(name) })),
    async mount(name, id) {
      const what = device(name);
      if (!what || deps.others(name, id) > 0) return files.path(name);
      if (what.device === '') throw new KnownError('system', 'missing device in volume options');
      files.unmountDevice(name); // of an earlier daemon, whose users have ended
      await files.mountDevice(name, what);
      return files.path(name);
    },
    async unmount(name, id) {
      if (device(name) && deps.others(name, id) === 0) files.unmountDevice(name);
    },
  };
}
