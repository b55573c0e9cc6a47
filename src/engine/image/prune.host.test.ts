import { expect, test } from 'bun:test';
import { engine } from '../../../test/fixtures/image-engine.ts';
import { dockerArchive, smallImage } from '../../../test/fixtures/images.ts';
import { createImageService } from './image-service.ts';

const HOUR = 3_600_000;

/** Two tags of one image, one image by one tag, one dangling, one that a container has; ages and labels differ. */
async function world() {
  const here = engine();
  const service = createImageService(here.deps);
  const add = async (name: string, hours: number, labels: Record<string, string>, names = [`${name}:1`]) => {
    const created = new Date(Date.now() - hours * HOUR).toISOString();
    const image = smallImage({ text: `${name} `.repeat(100), created, config: { Labels: labels } });
    const bytes = dockerArchive(image, names);
    await service.load(
      (async function* () {
        yield bytes;
      })(),
      () => undefined,
      new AbortController().signal,
    );
  };
  await add('old', 100, { keep: 'yes', stage: 'a' }, ['old:1', 'old:2']);
  await add('new', 1, { stage: 'b' });
  await add('dangling', 50, {});
  const dangling = here.deps.records.findByName('docker.io/library/dangling:1');
  here.deps.records.removeName('docker.io/library/dangling:1');
  await add('used', 100, {});
  const used = here.deps.records.findByName('docker.io/library/used:1')?.target.digest ?? '';
  here.users.push({ containerId: 'box', imageId: used, manifest: used, running: false });
  return { here, service, danglingId: String(dangling?.target.digest) };
}

const CASES: readonly (readonly [string, Record<string, string[]>, readonly string[]])[] = [
  ['dangling images alone, when nothing else is said', {}, ['DANGLING']],
  ['dangling images alone, with dangling=true', { dangling: ['true'] }, ['DANGLING']],
  ['with dangling=false every image that no container has', { dangling: ['false'] }, ['DANGLING', 'new', 'old', 'old']],
  ['what was made before a time', { dangling: ['false'], until: ['75h'] }, ['old', 'old']],
  ['what has a label', { dangling: ['0'], label: ['keep'] }, ['old', 'old']],
  ['what has a label of a value', { dangling: ['0'], label: ['stage=b'] }, ['new']],
  ['what has all labels', { dangling: ['0'], label: ['keep', 'stage=b'] }, []],
  ['what has none of the labels', { dangling: ['0'], 'label!': ['keep', 'stage=b'] }, ['DANGLING']],
  ['what all filters take', { dangling: ['0'], 'label!': ['keep'], until: ['10h'] }, ['DANGLING']],
];

for (const [title, filters, gone] of CASES)
  test(`prune removes ${title}`, async () => {
    const { here, service, danglingId } = await world();
    using _here = here;
    const before = (await Array.fromAsync(here.deps.content.list())).reduce((sum, { size }) => sum + size, 0);
    const layersBefore = here.deps.layers.list().reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const { deleted, reclaimedBytes } = await service.prune(new Map(Object.entries(filters)));
    const told = deleted.flatMap(({ Untagged, Deleted }) => {
      if (Deleted === danglingId) return ['DANGLING'];
      return Untagged === undefined ? [] : [Untagged.replace(/:.*/, '')];
    });
    expect(told.toSorted()).toEqual([...gone]);
    const after = (await Array.fromAsync(here.deps.content.list())).reduce((sum, { size }) => sum + size, 0);
    const layersAfter = here.deps.layers.list().reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    expect(reclaimedBytes).toBe(before - after + layersBefore - layersAfter);
  });

test('prune refuses what it does not know, and removes nothing then', async () => {
  const { here, service } = await world();
  using _here = here;
  for (const filters of [{ dangling: ['maybe'] }, { until: ['soon'] }, { until: ['1h', '2h'] }])
    await expect(service.prune(new Map(Object.entries(filters)))).rejects.toMatchObject({ kind: 'invalid_parameter' });
  expect(here.deps.records.list()).toHaveLength(4);
});

test('an image that is named while a prune looks at it stays', async () => {
  const { here, danglingId } = await world();
  using _here = here;
  const { catalog, records } = here.deps;
  const name = (): void => {
    const dangling = records.list().find(({ target }) => target.digest === danglingId);
    if (dangling?.names.length === 0) records.put(dangling.target, ['docker.io/library/saved:1'], Date.now());
  };
  const reachable: typeof catalog.reachable = async (...given) => {
    name();
    return await catalog.reachable(...given);
  };
  const manifests: typeof catalog.manifests = async (...given) => {
    name();
    return await catalog.manifests(...given);
  };
  const entries: typeof catalog.entries = async (...given) => {
    name();
    return await catalog.entries(...given);
  };
  const service = createImageService({ ...here.deps, catalog: { ...catalog, reachable, manifests, entries } });
  expect((await service.prune(new Map())).deleted).toEqual([]);
  expect(String(records.findByName('docker.io/library/saved:1')?.target.digest)).toBe(danglingId);
});
