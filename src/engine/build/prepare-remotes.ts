import { posix } from 'node:path';
import { isGit } from '../../build/plan/apply-copy.ts';
import type { BuildPlan, CopyStep } from '../../build/plan/plan.ts';
import { KnownError } from '../../lib/errors.ts';
import type { BuildFolder } from '../../linux/build/build-folders.ts';
import type { BuildDeps } from './deps.ts';
import { isRemote } from './evaluate.ts';
import { parseGitSource } from './git-source.ts';
import type { Material } from './provenance.ts';
import type { SessionCallbacks } from './service.ts';
import type { StepInput } from './step-inputs.ts';

/** Something that ADD names by a URL, fetched. */
export interface PreparedRemote {
  readonly folder: string;
  /** Undefined: everything in the folder. */
  readonly file: string | undefined;
  readonly inputs: readonly StepInput[];
  readonly material: Material;
}

export interface PreparedRemotes {
  /** Errors: system for what was not prepared. */
  get(step: CopyStep, path: string): PreparedRemote;
  inputsOf(step: CopyStep): readonly StepInput[];
  /** What was fetched for a step, for provenance. */
  materialsOf(step: CopyStep): readonly Material[];
}

/** Fetches what the plan's ADDs name, before keys are made: what they give is part of them; into folders whose names begin with `prefix`. Errors: those of RemoteSources. */
export async function prepareRemotes(
  { remotes }: Pick<BuildDeps, 'remotes'>,
  plan: BuildPlan,
  { folder, prefix }: { readonly folder: BuildFolder; readonly prefix: string },
  session: SessionCallbacks,
  signal: AbortSignal,
): Promise<PreparedRemotes> {
  const ready = new Map<string, PreparedRemote>();
  const keyOf = (step: CopyStep, path: string): string => JSON.stringify([path, step.checksum, step.keepGitDir]);
  for (const step of plan.stages.flatMap(({ steps }) => steps)) {
    if (step.kind !== 'copy') continue;
    for (const path of step.paths.filter(isRemote)) {
      const key = keyOf(step, path);
      if (ready.has(key)) continue;
      const place = folder.make(`${prefix}r${ready.size}`);
      ready.set(key, isGit(path) ? await clone(step, path, place) : await fetchUrl(step, path, place));
    }
  }

  async function fetchUrl(step: CopyStep, url: string, place: string): Promise<PreparedRemote> {
    const authorization = await authorizationFor(url, session);
    const { checksum } = step;
    const { entry } = await remotes.fetch(url, place, { signal, name: fileName(url), checksum, authorization });
    return {
      folder: place,
      file: fileName(url),
      inputs: [[`url ${url}`, entry.hash]],
      material: { uri: url, digest: { sha256: entry.hash } },
    };
  }

  async function clone(step: CopyStep, path: string, place: string): Promise<PreparedRemote> {
    const source = parseGitSource(path, step.keepGitDir);
    if (step.checksum !== '' && source.checksum !== '' && step.checksum !== source.checksum)
      throw new KnownError('invalid_parameter', `checksum mismatch "${step.checksum}" != "${source.checksum}"`);
    const checkout = await remotes.clone({ ...source, checksum: step.checksum || source.checksum }, place, { signal });
    return {
      folder: checkout.path,
      file: undefined,
      inputs: [[`git ${path}`, `${checkout.commit} ${source.keepGitDir}`]],
      material: { uri: path, digest: { sha1: checkout.commit } },
    };
  }

  const get = (step: CopyStep, path: string): PreparedRemote => {
    const found = ready.get(keyOf(step, path));
    if (found === undefined) throw new KnownError('system', `${path} was not fetched`);
    return found;
  };
  const all = (step: CopyStep): readonly PreparedRemote[] => step.paths.filter(isRemote).map((path) => get(step, path));
  return {
    get,
    inputsOf: (step) => all(step).flatMap(({ inputs }) => inputs),
    materialsOf: (step) => all(step).map(({ material }) => material),
  };
}

/** The last part of a URL's path, as BuildKit has it. */
export function fileName(url: string): string {
  const name = posix.basename(new URL(url).pathname);
  return name === '' || name === '.' || name === '/' ? '__unnamed__' : decoded(name).replaceAll('/', '_');
}

/** What is no UTF-8 stays as it is written. */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** Secrets `HTTP_AUTH_TOKEN_<host>` and `HTTP_AUTH_HEADER_<host>`. */
async function authorizationFor(url: string, session: SessionCallbacks): Promise<string | undefined> {
  const { host } = new URL(url);
  const header = await session.secret(`HTTP_AUTH_HEADER_${host}`);
  if (header) return Buffer.from(header).toString('utf8').trim();
  const token = await session.secret(`HTTP_AUTH_TOKEN_${host}`);
  return token && `Bearer ${Buffer.from(token).toString('utf8').trim()}`;
}
