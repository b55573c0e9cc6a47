/**
 * Makes the base images dist/images/<name>.tar from Debian's packages: `npm run --silent images -- [busybox] [nginx]`.
 * An image is made again only when a package has another version now or these scripts have changed.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { KnownError, messageOf } from '../../src/lib/errors.ts';
import { imageArchive } from './archive.ts';
import type { Recipe } from './recipe.ts';
import { RECIPES } from './recipes.host.ts';

const FOLDER = resolve(import.meta.dirname, '../../dist/images');

/** What an image was made from. */
interface BuildRecord {
  readonly builder: string;
  readonly packages: Readonly<Record<string, string>>;
  /** Of the image, for scripts: the true version first. */
  readonly tags: readonly string[];
}

/** Makes an image if it is missing or stale, and returns the path of its archive. Errors: not_found, system. */
export function ensureImage(recipe: Recipe, folder = FOLDER): { readonly path: string; readonly made: boolean } {
  const path = join(folder, `${recipe.name}.tar`);
  const record = join(folder, `${recipe.name}.json`);
  const builder = builderDigest();
  if (existsSync(path) && isFresh(recipe, readRecord(record), builder)) return { path, made: false };
  const { image, packages } = recipe.make();
  mkdirSync(folder, { recursive: true });
  replaceFile(path, imageArchive(image));
  replaceFile(
    record,
    `${JSON.stringify({ builder, packages, tags: image.tags } satisfies BuildRecord, undefined, 2)}\n`,
  );
  return { path, made: true };
}

function isFresh(recipe: Recipe, record: BuildRecord | undefined, builder: string): boolean {
  if (record?.builder !== builder) return false;
  const current = recipe.currentVersions(Object.keys(record.packages));
  return Object.entries(record.packages).every(([name, version]) => current.get(name) === version);
}

function readRecord(path: string): BuildRecord | undefined {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as BuildRecord) : undefined;
}

/** Digest of these scripts and of the date they are told to write. */
function builderDigest(): string {
  const hash = createHash('sha256').update(process.env['SOURCE_DATE_EPOCH'] ?? '');
  for (const name of readdirSync(import.meta.dirname).sort())
    hash.update(readFileSync(join(import.meta.dirname, name)));
  return hash.digest('hex');
}

/** Readers of the old file keep it. */
function replaceFile(path: string, content: Uint8Array | string): void {
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, content);
  renameSync(temporary, path);
}

function recipeOf(name: string): Recipe {
  const recipe = RECIPES.find((one) => one.name === name);
  if (recipe) return recipe;
  throw new KnownError(
    'invalid_parameter',
    `no image ${name}: choose from ${RECIPES.map((one) => one.name).join(', ')}`,
  );
}

if (import.meta.main) {
  try {
    const names = process.argv.slice(2);
    for (const recipe of names.length > 0 ? names.map(recipeOf) : RECIPES) {
      const { path, made } = ensureImage(recipe);
      console.log(`${path}${made ? '' : ' (unchanged)'}`);
    }
  } catch (error) {
    console.error(`images: ${messageOf(error)}`);
    process.exit(1);
  }
}
