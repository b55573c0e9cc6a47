import { expect, test } from 'bun:test';
import type { DiffId, Digest } from '../../oci/digest.ts';
import type { Descriptor } from '../../store/content/content-store.ts';
import {
  type CacheRecord,
  INLINE_FIELD,
  parseCacheConfig,
  parseInlineField,
  toCacheConfig,
  toInlineField,
} from './cache-records.ts';

const digest = (letter: string): Digest => `sha256:${letter.repeat(64)}` as Digest;
const key = (letter: string): string => letter.repeat(64);
const layer = (letter: string, diff: string): { descriptor: Descriptor; diffId: DiffId } => ({
  descriptor: { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: digest(letter), size: 7 },
  diffId: digest(diff) as unknown as DiffId,
});

const RECORDS: readonly CacheRecord[] = [
  { key: key('1'), asked: undefined, before: undefined, layer: layer('a', 'b'), description: 'RUN x' },
  { key: key('2'), asked: key('3'), before: key('1'), layer: layer('c', 'd'), description: 'COPY --from=x' },
];
const READ = [
  { key: key('1'), content: undefined, layer: layer('a', 'b'), description: 'RUN x' },
  { key: key('2'), content: undefined, layer: layer('c', 'd'), description: 'COPY --from=x' },
  { key: key('3'), content: key('2'), layer: layer('c', 'd'), description: 'COPY --from=x' },
];

test('what is written is read again, in BuildKit’s shape', () => {
  const { config, layers } = toCacheConfig(RECORDS, '2026-01-01T00:00:00Z');
  expect(config).toMatchObject({
    layers: [
      { blob: digest('a'), parent: -1 },
      { blob: digest('c'), parent: 0 },
    ],
    records: [
      { digest: digest('1'), layers: [{ layer: 0 }] },
      { digest: digest('2'), layers: [{ layer: 1 }], inputs: [[{ link: 0 }]] },
      { digest: digest('3'), layers: [{ layer: 1 }], inputs: [[{ link: 0 }], [{ link: 1 }]] },
    ],
  });
  expect(parseCacheConfig(Buffer.from(JSON.stringify(config)), layers)).toEqual(READ);
});

test('records of an image name its layers by their place, whatever lies below', () => {
  const layers = [layer('0', 'f'), layer('a', 'b'), layer('c', 'd')];
  const document = new Map<string, unknown>([[INLINE_FIELD, toInlineField(RECORDS, layers)]]);
  const read = parseInlineField(
    document,
    layers.map(({ descriptor }) => descriptor),
    layers.map(({ diffId }) => diffId),
  );
  expect(read).toEqual(READ.map((record) => ({ ...record, description: '' })));
});

test.each([
  ['no lists', '{"layers":1,"records":{}}'],
  [
    'layers that are nowhere',
    `{"layers":[{"blob":"${digest('9')}"}],"records":[{"digest":"${digest('1')}","layers":[{"layer":0}]}]}`,
  ],
  ['indexes out of range', `{"layers":[],"records":[{"digest":"${digest('1')}","layers":[{"layer":-1}]}]}`],
  ['keys that are none', '{"layers":[],"records":[{"digest":"sha256:../../x","layers":[{"layer":0}]},null,7]}'],
  [
    'no diff id',
    `{"layers":[{"blob":"${digest('a')}"}],"records":[{"digest":"${digest('1')}","layers":[{"layer":0}]}]}`,
  ],
])('of a stranger’s config nothing is taken that leads nowhere: %s', (_what, text) => {
  expect(parseCacheConfig(Buffer.from(text), [layer('a', 'b').descriptor])).toEqual([]);
});

test('what is no JSON object is refused', () => {
  expect(() => parseCacheConfig(Buffer.from('[]'), [])).toThrow('malformed cache config');
});
