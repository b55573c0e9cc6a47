import { describe, expect, test } from 'bun:test';
import { parseDigest } from '../../oci/digest.ts';
import type { Descriptor } from '../content/content-store.ts';
import type { ImageRecords } from './image-records.ts';

function target(character: string): Descriptor {
  return {
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: parseDigest(`sha256:${character.repeat(64)}`),
    size: 7,
  };
}

/** What every ImageRecords must do. */
export function imageRecordsSuite(name: string, create: () => ImageRecords): void {
  describe(name, () => {
    test('an image is found by digest, name and prefix with all its names', () => {
      const records = create();
      records.put(target('a'), ['docker.io/library/x:2', 'docker.io/library/x:1'], 5);
      const wanted = {
        target: target('a'),
        names: ['docker.io/library/x:1', 'docker.io/library/x:2'],
        createdAtMs: 5,
        taggedAtMs: 5,
      };
      expect(records.find(target('a').digest)).toEqual(wanted);
      expect(records.findByName('docker.io/library/x:2')).toEqual(wanted);
      expect(records.findByPrefix('aaa')).toEqual([wanted]);
      expect(records.findByPrefix('b')).toEqual([]);
      expect(records.findByName('docker.io/library/y:1')).toBeUndefined();
    });

    test('a name that moves leaves the first image dangling', () => {
      const records = create();
      records.put(target('a'), ['n:1'], 1);
      records.put(target('b'), ['n:1'], 2);
      expect(records.list().map((record) => record.names)).toEqual([[], ['n:1']]);
    });

    test('putting an image again keeps its age and its names, and notes the new tag time', () => {
      const records = create();
      records.put(target('a'), ['n:1'], 1);
      records.put(target('a'), ['n:2'], 9);
      records.put(target('a'), [], 12);
      expect(records.list()).toEqual([{ target: target('a'), names: ['n:1', 'n:2'], createdAtMs: 1, taggedAtMs: 9 }]);
    });

    test('removing a name keeps the image; removing the image frees its names', () => {
      const records = create();
      records.put(target('a'), ['n:1', 'n:2'], 1);
      records.removeName('n:1');
      records.removeName('never');
      expect(records.find(target('a').digest)?.names).toEqual(['n:2']);
      records.remove(target('a').digest);
      records.remove(target('a').digest);
      expect(records.list()).toEqual([]);
      expect(records.findByName('n:2')).toBeUndefined();
    });
  });
}
