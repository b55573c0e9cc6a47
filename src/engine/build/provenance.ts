/** SLSA provenance of one platform's image, with the fields that BuildKit gives it (docs/attestations/slsa-definitions.md). Pure. */
import { formatPlatform, type Platform } from '../../oci/platform.ts';
import type { BuildGraph } from './build-graph.ts';
import type { ProvenanceRequest } from './request.ts';

export interface Material {
  readonly uri: string;
  readonly digest: Readonly<Record<string, string>>;
}

export interface ProvenanceFacts {
  /** Where the context came from; undefined: from the client, unseen by others. */
  readonly origin: Material | undefined;
  readonly dockerfile: string;
  /** Arguments of the frontend: `build-arg:NAME`, `label:NAME`, `target` and so on. */
  readonly args: Readonly<Record<string, string>>;
  readonly secrets: readonly RequiredId[];
  readonly ssh: readonly RequiredId[];
  readonly materials: readonly Material[];
  readonly host: Platform;
  /** The same for all platforms of a build. */
  readonly invocationId: string;
  readonly startedOn: string;
  readonly finishedOn: string;
  /** No step could reach a network. */
  readonly isHermetic: boolean;
  /** Only told in full. */
  readonly graph: BuildGraph;
}

export interface RequiredId {
  readonly id: string;
  readonly optional: boolean;
}

export interface Provenance {
  readonly predicateType: string;
  readonly predicate: object;
}

export function makeProvenance(asked: ProvenanceRequest, facts: ProvenanceFacts): Provenance {
  return asked.version === 'v1'
    ? { predicateType: 'https://slsa.dev/provenance/v1', predicate: versionOne(asked, facts) }
    : { predicateType: 'https://slsa.dev/provenance/v0.2', predicate: versionZeroTwo(asked, facts) };
}

function versionOne(asked: ProvenanceRequest, facts: ProvenanceFacts): object {
  const full = asked.mode === 'max';
  const { graph, origin } = facts;
  return {
    buildDefinition: {
      buildType: 'https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md',
      externalParameters: {
        configSource: { ...origin, path: facts.dockerfile },
        request: parametersOf(asked, facts),
      },
      internalParameters: {
        ...(full ? { buildConfig: { llbDefinition: graph.steps, digestMapping: graph.digestMapping } } : {}),
        builderPlatform: formatPlatform(facts.host),
      },
      resolvedDependencies: facts.materials,
    },
    runDetails: {
      builder: { id: asked.builderId },
      metadata: {
        invocationID: facts.invocationId,
        startedOn: facts.startedOn,
        finishedOn: facts.finishedOn,
        buildkit_metadata: full ? { source: graph.source, layers: graph.layers } : {},
        buildkit_hermetic: facts.isHermetic,
        buildkit_completeness: { request: full, resolvedDependencies: origin !== undefined },
        buildkit_reproducible: asked.reproducible,
      },
    },
  };
}

const METADATA = 'https://mobyproject.org/buildkit@v1#';

function versionZeroTwo(asked: ProvenanceRequest, facts: ProvenanceFacts): object {
  const full = asked.mode === 'max';
  const { graph, origin } = facts;
  return {
    builder: { id: asked.builderId },
    buildType: 'https://mobyproject.org/buildkit@v1',
    materials: facts.materials,
    invocation: {
      configSource: { ...origin, entryPoint: facts.dockerfile },
      parameters: parametersOf(asked, facts),
      environment: { platform: formatPlatform(facts.host) },
    },
    ...(full ? { buildConfig: { llbDefinition: graph.steps, digestMapping: graph.digestMapping } } : {}),
    metadata: {
      buildInvocationID: facts.invocationId,
      buildStartedOn: facts.startedOn,
      buildFinishedOn: facts.finishedOn,
      completeness: { parameters: full, environment: true, materials: origin !== undefined },
      reproducible: asked.reproducible,
      [`${METADATA}hermetic`]: facts.isHermetic,
      [`${METADATA}metadata`]: full ? { source: graph.source, layers: graph.layers } : {},
    },
  };
}

/** Values that a user has given stay out of the short form: they may be nobody's business. */
function parametersOf({ mode }: ProvenanceRequest, { args, secrets, ssh, origin }: ProvenanceFacts): object {
  const kept = Object.entries(args).filter(([name]) => mode === 'max' || !/^(?:build-arg|label):/.test(name));
  return {
    frontend: 'dockerfile.v0',
    args: Object.fromEntries(kept.toSorted(([a], [b]) => (a < b ? -1 : 1))),
    ...(mode === 'max' && secrets.length > 0 ? { secrets } : {}),
    ...(mode === 'max' && ssh.length > 0 ? { ssh } : {}),
    ...(origin === undefined ? { locals: [{ name: 'context' }, { name: 'dockerfile' }] } : {}),
  };
}
