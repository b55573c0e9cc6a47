import { expect, test } from 'bun:test';
import { parseDigest } from '../../oci/digest.ts';
import type { ImageRecord, ImageRecords } from '../../store/record/image-records.ts';
import { findImage } from './find.ts';
import { planRemoval } from './remove.ts';

const digest = parseDigest(`sha256:${'a'.repeat(64)}`);
const names = ['docker.io/library/one:1', 'docker.io/library/one:2', 'docker.io/library/two:1'];
const record = { target: { mediaType: 'm', digest, size: 1 }, names } as unknown as ImageRecord;
const records = {
  find: (wanted: string) => (wanted === digest ? record : undefined),
  findByName: (name: string) => (names.includes(name) ? record : undefined),
  findByPrefix: () => [record],
} as unknown as ImageRecords;
const running = { containerId: 'c'.repeat(64), imageId: digest, manifest: digest, running: true };

test('by repository and digest every name in that repository goes, by name that one', () => {
  expect(planRemoval(findImage(records, `one@${digest}`), [], false)).toEqual({
    kind: 'untag',
    names: names.slice(0, 2),
  });
  expect(planRemoval(findImage(records, 'one:2'), [], false)).toEqual({
    kind: 'untag',
    names: ['docker.io/library/one:2'],
  });
});

test('by id a running container is told before several repositories, and these before a stopped one', () => {
  const textOf = (user: typeof running): string => {
    const removal = planRemoval(findImage(records, digest), [user], false);
    return removal.kind === 'refuse' ? removal.error.message : removal.kind;
  };
  expect(textOf(running)).toContain('being used by running container');
  expect(textOf({ ...running, running: false })).toContain('referenced in multiple repositories');
});
