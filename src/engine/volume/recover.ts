import type { VolumeContext } from './context.ts';
import { ANONYMOUS } from './filter.ts';
import { deviceOf } from './local-options.ts';
import type { VolumeService } from './volume.ts';

/** See VolumeService.recover. */
export function recoverVolumes(ctx: VolumeContext, report: Parameters<VolumeService['recover']>[0]): void {
  finishMoves(ctx);
  const { files, records, holders } = ctx;
  const folders = new Set(files.list());
  for (const { name, driver, options } of records.list()) {
    if (driver !== undefined) continue;
    if (!folders.has(name) && records.users(name).length === 0) records.remove(name);
    else if (deviceOf(options ?? {}) && holders.of(name).length === 0) files.unmountDevice(name);
  }
  for (const name of folders) {
    if (records.get(name) || files.removeEmpty(name)) continue;
    report(`volumes: the folder ${name} has content and no record; it is left as it is`, undefined);
  }
}

/** See VolumeService.releaseOthers. */
export function releaseOthers({ records, files }: VolumeContext, known: ReadonlySet<string>): void {
  const orphans = records.list().filter(({ name, labels, driver }) => {
    const users = records.users(name);
    return driver === undefined && ANONYMOUS in labels && users.length > 0 && users.every((id) => !known.has(id));
  });
  for (const id of records.allUsers()) if (!known.has(id)) records.release(id);
  for (const { name } of orphans) {
    files.discard(name);
    records.remove(name);
  }
}

/** Renames that had begun, drafts that were whole: done now. Other drafts are removed. */
function finishMoves({ files, records }: VolumeContext): void {
  for (const { draft, renamingTo, ...record } of records.list()) {
    if (draft !== undefined) {
      files.settleDraft(draft, record.name);
      records.replace(record.name, record);
    }
    if (renamingTo !== undefined) {
      files.rename(record.name, renamingTo);
      records.replace(record.name, { ...record, name: renamingTo });
    }
  }
  for (const id of files.listDrafts()) files.discardDraft(id);
}
