import type { KeyedLock } from '../../lib/async/keyed-lock.ts';
import type { ContainerFiles } from '../../linux/files/container-files.ts';
import type { VolumeDriver, VolumePlugins } from '../../linux/volume/volume-driver.ts';
import type { VolumeFiles } from '../../linux/volume/volume-files.ts';
import type { Decompressor } from '../../store/content/decompressor.ts';
import type { VolumeRecord, VolumeRecords } from '../../store/record/volume-records.ts';
import type { EventBus } from '../event/event.ts';
import { noSuchVolume } from './errors.ts';
import type { Holders } from './holders.ts';

/** What the rules of volumes stand on. */
export interface VolumeDeps {
  readonly records: VolumeRecords;
  readonly files: VolumeFiles;
  readonly plugins: VolumePlugins;
  readonly events: EventBus;
  /** For archives of volumes. */
  readonly archives: Pick<ContainerFiles, 'tree' | 'write'>;
  readonly decompressor: Decompressor;
}

export interface VolumeContext extends VolumeDeps {
  /** By volume. */
  readonly locks: KeyedLock;
  readonly holders: Holders;
  /** Where plugins have last mounted a volume. */
  readonly mountpoints: Map<string, string>;
  readonly local: VolumeDriver;
}

export function publish(
  { events }: Pick<VolumeContext, 'events'>,
  { name, driver = 'local' }: Pick<VolumeRecord, 'name' | 'driver'>,
  action: string,
  extra: Readonly<Record<string, string>> = {},
): void {
  events.publish({ type: 'volume', action, id: name, attributes: { driver, ...extra } });
}

/** Errors: not_found. */
export function find({ records }: Pick<VolumeContext, 'records'>, name: string): VolumeRecord {
  const record = records.get(name);
  if (!record) throw noSuchVolume(name);
  return record;
}
