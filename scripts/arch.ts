/**
 * The architecture test: who may import whom. Prints every offending import and exits 1.
 * The table is the one of docs/CONTRIBUTING.md; imports go only downwards.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..');
const SRC = join(ROOT, 'src');

/** Folder of src/ -> tier. A folder imports from lower tiers, or from those named in SAME_TIER. */
const TIER: Readonly<Record<string, number>> = {
  lib: 0,
  oci: 0,
  api: 0,
  store: 1,
  linux: 1,
  distribution: 1,
  registry: 1,
  engine: 2,
  server: 2,
  build: 2,
  client: 2,
  daemon: 3,
  cli: 3,
};
const SAME_TIER: Readonly<Record<string, readonly string[]>> = {
  oci: ['lib'],
  api: ['lib', 'oci'],
  store: ['linux'],
  registry: ['linux'],
  server: ['engine', 'build'],
  engine: ['build'],
};
/** Rules may name the mechanisms' types, never their values: daemon/assemble.ts hands the real ones in. */
const RULES = ['engine', 'server', 'build'];
const MECHANISMS = ['store', 'linux', 'distribution'];

interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
}

export function violations(): readonly string[] {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  return [
    ...files.flatMap((name) => importsOf(join(SRC, name)).flatMap((entry) => judge(name, entry))),
    ...cycles(new Map(files.map((name) => [name, valueImports(name)]))),
  ];
}

/** Files below src/ that a file needs when it is loaded; what it knows by type only is no dependency. */
function valueImports(file: string): readonly string[] {
  return importsOf(join(SRC, file))
    .filter(({ specifier, typeOnly }) => specifier.startsWith('.') && !typeOnly)
    .map(({ specifier }) => relative(SRC, resolve(SRC, dirname(file), specifier)));
}

/** Each circle once, by the import that closes it. */
function cycles(imports: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file))
      found.push(`${[...path.slice(path.indexOf(file)), file].map((name) => `src/${name}`).join(' -> ')}: a circle`);
    if (path.includes(file) || done.has(file)) return;
    for (const target of imports.get(file) ?? []) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of imports.keys()) visit(file, []);
  return found;
}

function judge(file: string, entry: Import): readonly string[] {
  if (!entry.specifier.startsWith('.')) return bareImport(file, entry.specifier);
  const target = relative(SRC, resolve(SRC, dirname(file), entry.specifier));
  const problem = isTest(file)
    ? undefined
    : (testOnly(target) ?? crossing(folderOf(file), folderOf(target), entry.typeOnly));
  return problem ? [`src/${file} -> src/${target}: ${problem}`] : [];
}

function crossing(from: string, to: string, typeOnly: boolean): string | undefined {
  if (from === to || from === '') return undefined;
  const [above, below] = [TIER[from], TIER[to]];
  if (above === undefined || below === undefined) return `unknown folder ${above === undefined ? from : to}`;
  if (below > above) return 'imports go only downwards';
  if (below === above && !SAME_TIER[from]?.includes(to)) return `${from} may not know ${to}`;
  if (RULES.includes(from) && MECHANISMS.includes(to) && !typeOnly) return 'rules import only the types of mechanisms';
  return undefined;
}

function bareImport(file: string, specifier: string): readonly string[] {
  const hostOnly = specifier.startsWith('bun:') && specifier !== 'bun:test';
  if (!hostOnly || isTest(file) || file.endsWith('.host.ts') || file.endsWith('.worker.ts')) return [];
  return [`src/${file} -> ${specifier}: only x.host.ts files touch the machine`];
}

function testOnly(target: string): string | undefined {
  return /\.(fake|suite|test)\.ts$/.test(target) ? 'for tests only' : undefined;
}

function isTest(file: string): boolean {
  return /\.(fake|suite|test)\.ts$/.test(file);
}

function folderOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : '';
}

function importsOf(path: string): readonly Import[] {
  const text = readFileSync(path, 'utf8');
  const statements = text.matchAll(/^(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm);
  const dynamic = text.matchAll(/\bimport\('([^']+)'\)/g);
  return [
    ...Array.from(statements, (found) => ({ specifier: found[2] ?? '', typeOnly: found[1] !== undefined })),
    ...Array.from(dynamic, (found) => ({ specifier: found[1] ?? '', typeOnly: false })),
  ];
}

if (import.meta.main) {
  const found = violations();
  for (const line of found) console.error(line);
  console.log(
    found.length === 0
      ? 'architecture: imports go only downwards, in no circle'
      : `architecture: ${found.length} violations`,
  );
  process.exit(found.length === 0 ? 0 : 1);
}
