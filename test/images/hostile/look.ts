import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  type Stats,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { llistxattr } from '../../../src/linux/ffi/libc.host.ts';

/** What stands at a path, in the words of `Outcome.made`; `like` names what else to tell (` mode `, ` xattrs `). */
export function look(root: string, path: string, like: string | undefined): string | undefined {
  const whole = join(root, path);
  const stat = lstatSync(whole, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  const mode = like?.includes(' mode ') ? ` mode ${(stat.mode & 0o7777).toString(8)}` : '';
  const xattrs = like?.includes(' xattrs ') ? ` xattrs ${llistxattr(whole).toSorted().join(',')}` : '';
  return `${kindOf(whole, stat)}${mode}${xattrs}`;
}

function kindOf(path: string, stat: Stats): string {
  if (stat.isDirectory()) return '/';
  if (stat.isSymbolicLink()) return `-> ${readlinkSync(path)}`;
  if (stat.isCharacterDevice()) return stat.rdev === 0 ? 'whiteout' : 'character';
  if (stat.isBlockDevice()) return 'block';
  if (stat.isFIFO()) return 'fifo';
  const text = readFileSync(path, 'latin1');
  return text.length > 600 ? `${text.slice(0, 512)}…${text.length}` : text;
}

/** A folder of the host that archives try to reach. */
export interface Outside extends Disposable {
  readonly path: string;
  /** All there is to know of it: equal as long as nobody touched it. */
  state(): string;
}

export function createOutside(): Outside {
  const path = mkdtempSync(join(tmpdir(), 'skiff-outside-'));
  writeFileSync(join(path, 'sentinel'), 'untouched', { mode: 0o640 });
  return {
    path,
    state() {
      const { mode, uid, nlink, mtimeMs, ctimeMs } = lstatSync(join(path, 'sentinel'));
      const folder = lstatSync(path);
      const text = readFileSync(join(path, 'sentinel'), 'utf8');
      return JSON.stringify([text, mode, uid, nlink, mtimeMs, ctimeMs, folder.mode, folder.mtimeMs, readdirSync(path)]);
    },
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}

/** What a store on disk holds that no image needs: names below its folders, but for what stands there always. */
export function storeLeftovers(root: string): readonly string[] {
  return ['content/blobs/sha256', 'content/ingest', 'content/partial', 'layers', 'writable'].flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => !(folder === 'layers' && name === 'empty'))
      .map((name) => `${folder}/${name}`),
  );
}
