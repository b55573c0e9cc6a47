import type { BuildDeps } from './deps.ts';
import { type InstalledPackage, parseApkInstalled, parseDpkgStatus, parseOsRelease } from './installed-packages.ts';
import type { ScannedTree } from './scan-targets.ts';
import { spdxDocument } from './spdx-document.ts';

const DPKG = '/var/lib/dpkg/status';
const DPKG_FOLDER = '/var/lib/dpkg/status.d';
const APK = ['/lib/apk/db/installed', '/usr/lib/apk/db/installed'];
const OS_RELEASE = ['/etc/os-release', '/usr/lib/os-release'];
const MAX_DATABASE_BYTES = 64 * 1024 * 1024;

/** The scanner that is built in: packages by the databases of dpkg and apk, as an SPDX document. */
export async function scanFiles(
  deps: Pick<BuildDeps, 'files'>,
  tree: ScannedTree,
  created: string,
  signal: AbortSignal,
): Promise<object> {
  const read = await readFiles(deps, tree, [DPKG, DPKG_FOLDER, ...APK, ...OS_RELEASE], signal);
  const packages: InstalledPackage[] = [];
  let release = '';
  for (const [path, text] of read) {
    if (path === DPKG || (path.startsWith(`${DPKG_FOLDER}/`) && !path.endsWith('.md5sums')))
      packages.push(...parseDpkgStatus(text, path));
    else if (path.endsWith('/apk/db/installed')) packages.push(...parseApkInstalled(text, path));
    else if (path.endsWith('/os-release')) release ||= text;
  }
  return spdxDocument(packages, { distribution: parseOsRelease(release), created });
}

/** Texts by path of the regular files that are there; links are followed inside the tree. */
async function readFiles(
  { files }: Pick<BuildDeps, 'files'>,
  tree: ScannedTree,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const wanted = /\/(?:dpkg\/status|dpkg\/status\.d\/[^/]+|apk\/db\/installed|os-release)$/;
  for (const { path, type } of await files.index(tree, paths, { hash: false }, signal))
    if (type === 'file' && wanted.test(path))
      found.set(path, await files.readText(tree, path, MAX_DATABASE_BYTES, signal));
  return found;
}
