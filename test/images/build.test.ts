import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureImage } from '../../scripts/images/build.ts';
import type { Recipe } from '../../scripts/images/recipe.ts';
import { textFiles } from '../../scripts/images/tree.ts';
import { fileOf } from './read-tar.ts';

let folder: string;
let made: number;
let version: string;

const recipe: Recipe = {
  name: 'small',
  make() {
    made++;
    return {
      image: {
        root: textFiles({ version }),
        config: {},
        architecture: 'amd64',
        createdSeconds: 0,
        name: 'small',
        tags: [version],
        createdBy: 'test',
      },
      packages: { small: version },
    };
  },
  currentVersions: () => new Map([['small', version]]),
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'images-test-'));
  made = 0;
  version = '1';
});

afterEach(() => rmSync(folder, { recursive: true }));

test('an image is made once while its packages stay the same', () => {
  const first = ensureImage(recipe, folder);
  const before = statSync(first.path).ino;
  expect(ensureImage(recipe, folder)).toEqual({ path: first.path, made: false });
  expect(made).toBe(1);
  expect(statSync(first.path).ino).toBe(before);
});

test('a new package version makes the image again', () => {
  ensureImage(recipe, folder);
  version = '2';
  const { path } = ensureImage(recipe, folder);
  expect(made).toBe(2);
  expect(JSON.parse(fileOf(readFileSync(path), 'manifest.json').toString())[0].RepoTags).toEqual(['small:2']);
});

test('a missing archive is made again although its record is there', () => {
  const { path } = ensureImage(recipe, folder);
  rmSync(path);
  expect(ensureImage(recipe, folder).made).toBe(true);
  expect(statSync(path).size).toBeGreaterThan(0);
});
