import { afterAll, expect, test } from 'bun:test';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTrash } from '../../lib/fs/trash.ts';
import { createContainerFiles } from '../../linux/files/container-files.host.ts';
import { createMounter } from '../../linux/mount/mounter.host.ts';
import { createVolumeFiles } from '../../linux/volume/volume-files.host.ts';
import { createDecompressor } from '../../store/content/decompressor.host.ts';
import { openDatabase } from '../../store/record/database.host.ts';
import { createVolumeRecords } from '../../store/record/volume-records.host.ts';
import { createEventBus } from '../event/bus.ts';
import { createVolumeService } from './volume-service.ts';

const unexpected = (what: string, error: unknown): never => {
  throw new Error(what, { cause: error });
};

const place = mkdtempSync(join(tmpdir(), 'volumes-'));
afterAll(() => rmSync(place, { recursive: true }));

let count = 0;
function world() {
  const root = join(place, String(count++));
  const records = createVolumeRecords(openDatabase(':memory:'));
  const trash = createTrash(join(root, 'trash'), unexpected);
  const files = createVolumeFiles({ root: join(root, 'volumes'), trash, mounter: createMounter() });
  const service = createVolumeService({
    records,
    files,
    events: createEventBus(),
    plugins: { names: () => [], open: async () => undefined },
    archives: createContainerFiles({ root: join(root, 'views') }),
    decompressor: createDecompressor(),
  });
  return { service, records, at: (path: string) => join(root, 'volumes', path) };
}

test('a volume that is removed leaves no file, and one of the same name begins empty', async () => {
  const { service, at } = world();
  await service.create({ name: 'data' });
  writeFileSync(at('data/_data/file'), 'x');
  await service.remove('data', { force: false });
  expect(existsSync(at('data'))).toBe(false);
  await service.create({ name: 'data' });
  expect(existsSync(at('data/_data/file'))).toBe(false);
});

test('recovery finishes a removal, takes back a creation, and keeps what has content', async () => {
  const { service, records, at } = world();
  for (const name of ['removed', 'used', 'whole']) await service.create({ name });
  await service.acquire('used', 'box');
  for (const name of ['removed', 'used']) rmSync(at(name), { recursive: true });
  mkdirSync(at('created/_data'), { recursive: true });
  mkdirSync(at('foreign/_data/below'), { recursive: true });
  const told: string[] = [];
  service.recover((what) => told.push(what));
  expect(records.list().map(({ name }) => name)).toEqual(['used', 'whole']);
  expect([at('created'), at('foreign/_data/below'), at('whole/_data')].map((path) => existsSync(path))).toEqual([
    false,
    true,
    true,
  ]);
  expect(told).toEqual(['volumes: the folder foreign has content and no record; it is left as it is']);
});

test('a container whose creation was cut short does not hold its volumes', async () => {
  const { service } = world();
  await service.create({ name: 'data' });
  await service.acquire('data', 'never');
  await service.acquire('data', 'box');
  service.releaseOthers(new Set(['box']));
  await expect(service.remove('data', { force: false })).rejects.toThrow('[box]');
});

test('an anonymous volume made for a container whose creation was cut short goes, others stay', async () => {
  const { service, records, at } = world();
  await service.create({ name: 'orphan', anonymous: true, usedBy: 'never' });
  await service.create({ name: 'owned', anonymous: true, usedBy: 'box' });
  await service.create({ name: 'named', usedBy: 'never' });
  await service.create({ name: 'loose', anonymous: true });
  service.releaseOthers(new Set(['box']));
  expect(records.list().map(({ name }) => name)).toEqual(['loose', 'named', 'owned']);
  expect(existsSync(at('orphan'))).toBe(false);
});

test('usage counts a file with several names once, and who has the volume', async () => {
  const { service, at } = world();
  await service.create({ name: 'data' });
  await service.acquire('data', 'box');
  writeFileSync(at('data/_data/file'), 'x'.repeat(1234));
  Bun.spawnSync(['ln', at('data/_data/file'), at('data/_data/same')]);
  expect((await service.usage()).map(({ UsageData }) => UsageData)).toEqual([{ Size: 1234, RefCount: 1 }]);
});
