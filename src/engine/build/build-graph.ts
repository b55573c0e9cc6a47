/** The steps of a build in the shape of BuildKit's LLB (solver/pb/ops.proto as JSON), for provenance in full. Pure. */
import type { CopyStep, FileSource, RunStep, StagePlan, Step } from '../../build/plan/plan.ts';
import type { Platform } from '../../oci/platform.ts';
import type { CachedLayer } from '../../store/record/build-cache.ts';
import type { StageOutlook } from './evaluate.ts';

export interface BuildGraph {
  readonly steps: readonly GraphStep[];
  /** Step ids by the digests that name them. */
  readonly digestMapping: Readonly<Record<string, string>>;
  /** Where in the Dockerfile steps stand, and its text in base64. */
  readonly source: object;
  /** What steps have given, by `step:output`: for each the layers of the stage so far. */
  readonly layers: Readonly<Record<string, readonly (readonly object[])[]>>;
}

interface GraphStep {
  readonly id: string;
  readonly op: object;
  readonly inputs: readonly string[];
}

export interface GraphInput {
  /** In the order of the file. */
  readonly stages: readonly StageOutlook[];
  /** The target's own layers, lowest first. */
  readonly targetLayers: readonly CachedLayer[];
  readonly target: number;
  readonly dockerfile: { readonly name: string; readonly text: string };
}

export function makeBuildGraph({ stages, targetLayers, target, dockerfile }: GraphInput): BuildGraph {
  const steps: GraphStep[] = [];
  const digestMapping: Record<string, string> = {};
  const locations: Record<string, object> = {};
  const layers: Record<string, readonly (readonly object[])[]> = {};
  const sources = new Map<string, string>();
  const ends = new Map<number, string>();
  const add = (op: object, inputs: readonly string[]): string => {
    const id = `step${steps.length}`;
    steps.push({ id, op, inputs });
    return `${id}:0`;
  };
  const sourceOf = (from: FileSource, platform: Platform): string | undefined => {
    if (from.kind === 'stage') return ends.get(from.index);
    const identifier = identifierOf(from);
    if (identifier === undefined) return undefined;
    const known = sources.get(identifier) ?? add({ Op: { source: { identifier } }, ...platformOf(platform) }, []);
    sources.set(identifier, known);
    return known;
  };
  for (const { stage, steps: own } of stages) {
    let at = sourceOf(stage.base, stage.platform);
    let depth = targetLayers.length - own.filter(({ step }) => step.kind !== 'config').length;
    for (const { step, key } of own) {
      if (step.kind === 'config') continue;
      const { op, inputs } = opOf(step, stage, at, (from) => sourceOf(from, stage.platform));
      at = add(op, inputs);
      const id = at.replace(/:0$/, '');
      digestMapping[`sha256:${key}`] = id;
      locations[id] = {
        locations: [{ ranges: [{ start: { line: step.location.start }, end: { line: step.location.end } }] }],
      };
      depth += 1;
      if (stage.index === target) layers[at] = [targetLayers.slice(0, depth).map(({ descriptor }) => descriptor)];
    }
    if (at !== undefined) ends.set(stage.index, at);
  }
  const data = Buffer.from(dockerfile.text).toString('base64');
  const infos = [{ filename: dockerfile.name, language: 'Dockerfile', data }];
  return { steps, digestMapping, source: { locations, infos }, layers };
}

function identifierOf(from: FileSource): string | undefined {
  switch (from.kind) {
    case 'image':
      return `docker-image://${from.reference}${from.reference.includes('@') ? '' : `@${from.digest}`}`;
    case 'context':
      return 'local://context';
    case 'named':
      return `local://context:${from.id}`;
    case 'stage':
    case 'scratch':
      return undefined;
  }
}

interface Operation {
  readonly op: object;
  readonly inputs: readonly string[];
}

function opOf(
  step: Exclude<Step, { readonly kind: 'config' }>,
  { platform }: StagePlan,
  before: string | undefined,
  sourceOf: (from: FileSource) => string | undefined,
): Operation {
  switch (step.kind) {
    case 'directory':
      return fileOp(
        { mkdir: { path: step.path, mode: 0o755, makeParents: true, timestamp: -1 } },
        before,
        [],
        platform,
      );
    case 'copy': {
      const other = step.paths.length > 0 ? sourceOf(step.from) : undefined;
      return fileOp({ copy: copyAction(step) }, before, other === undefined ? [] : [other], platform);
    }
    case 'run':
      return execOp(step, before, sourceOf, platform);
  }
}

function fileOp(action: object, before: string | undefined, others: readonly string[], platform: Platform): Operation {
  const inputs = [...(before === undefined ? [] : [before]), ...others];
  const input = before === undefined ? -1 : 0;
  const secondaryInput = others.length > 0 ? inputs.length - 1 : -1;
  const actions = [{ Action: action, input, secondaryInput, output: 0 }];
  return { op: { Op: { file: { actions } }, ...platformOf(platform) }, inputs };
}

function copyAction({ paths, files, destination, chown, chmod, excludes }: CopyStep): object {
  return {
    src: [...paths, ...files.map(({ name }) => name)].join(' '),
    dest: destination,
    ...(chown === '' ? {} : { owner: chown }),
    ...(chmod === '' ? {} : { modeStr: chmod }),
    ...(excludes.length > 0 ? { exclude_patterns: excludes } : {}),
    followSymlink: true,
    dirCopyContents: true,
    createDestPath: true,
    allowWildcard: true,
    allowEmptyWildcard: true,
    timestamp: -1,
  };
}

const MOUNT_TYPES = { bind: 0, secret: 1, ssh: 2, cache: 3, tmpfs: 4 } as const;
const NETWORKS = { default: 0, host: 1, none: 2 } as const;

function execOp(
  step: RunStep,
  before: string | undefined,
  sourceOf: (from: FileSource) => string | undefined,
  platform: Platform,
): Operation {
  const inputs = before === undefined ? [] : [before];
  const mounts: object[] = [{ input: before === undefined ? -1 : 0, dest: '/', output: 0 }];
  for (const { type, target, source, id, readOnly, from } of step.mounts) {
    const found = type === 'bind' || type === 'cache' ? sourceOf(from) : undefined;
    const input = found === undefined ? -1 : inputs.push(found) - 1;
    mounts.push({
      input,
      dest: target,
      output: -1,
      mountType: MOUNT_TYPES[type],
      ...(source ? { selector: source } : {}),
      ...(id ? { id } : {}),
      ...(readOnly ? { readonly: true } : {}),
    });
  }
  const meta = {
    args: step.argv,
    env: step.env,
    cwd: step.workingDirectory,
    ...(step.user === '' ? {} : { user: step.user }),
  };
  const exec = {
    meta,
    mounts,
    ...(NETWORKS[step.network] === 0 ? {} : { network: NETWORKS[step.network] }),
    ...(step.security === 'insecure' ? { security: 1 } : {}),
  };
  return { op: { Op: { exec }, ...platformOf(platform) }, inputs };
}

function platformOf({ os, architecture, variant }: Platform): object {
  return { platform: { Architecture: architecture, OS: os, ...(variant ? { Variant: variant } : {}) } };
}
