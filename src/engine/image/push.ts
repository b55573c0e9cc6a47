import type { RemoteRepository } from '../../distribution/registry-client.ts';
import { KnownError } from '../../lib/errors.ts';
import type { Platform } from '../../oci/platform.ts';
import { parsePlatform } from '../../oci/platform.ts';
import type { Reference } from '../../oci/reference.ts';
import {
  canonicalName,
  familiarName,
  familiarReference,
  formatReference,
  isValidTag,
  parseReference,
} from '../../oci/reference.ts';
import type { ImageServiceDeps } from './deps.ts';
import { publishImage, readLabels } from './image-event.ts';
import { pushBlobs, pushLayers } from './push-blobs.ts';
import { mountSources, planPush } from './push-plan.ts';
import type { ImageService, ProgressSink } from './service.ts';

export type PushRequest = Parameters<ImageService['push']>[0];

/**
 * Pushes one tag, or every tag of a repository: blobs first, then manifests, indexes and the tag last, so that a registry
 * never shows an image it has only half of. Errors: the registry's own words (`denied: ...`), with Docker's texts for what is not here.
 */
export async function push(
  deps: ImageServiceDeps,
  request: PushRequest,
  progress: ProgressSink,
  signal: AbortSignal,
): Promise<void> {
  const named = parsePushReference(request);
  const platform = request.platform ? parsePlatform(request.platform, deps.host) : undefined;
  using _lease = await deps.collector.lease();
  progress({ status: `The push refers to repository [${canonicalName(named)}]` });
  const references = localTags(deps, named);
  const repository = deps.registry.repository(named, request.auth, { push: true });
  for (const reference of references) {
    await pushOne(deps, { reference, repository, platform }, progress, signal);
  }
}

function parsePushReference({ name, tag }: PushRequest): Reference {
  const parsed = parseReference(name);
  if (parsed.digest !== undefined) throw new KnownError('invalid_parameter', 'cannot push a digest reference');
  if (tag === undefined) return parsed;
  if (!isValidTag(tag)) throw new KnownError('invalid_parameter', 'invalid tag format');
  return { ...parsed, tag };
}

/** The tag that was asked for, or all there are of the repository. */
function localTags({ records }: Pick<ImageServiceDeps, 'records'>, named: Reference): readonly Reference[] {
  const known = records
    .list()
    .flatMap(({ names }) => names.map(parseReference))
    .filter((reference) => canonicalName(reference) === canonicalName(named) && reference.tag !== undefined)
    .sort((a, b) => ((a.tag ?? '') < (b.tag ?? '') ? -1 : 1));
  if (known.length === 0) {
    throw new KnownError('not_found', `An image does not exist locally with the tag: ${familiarName(named)}`);
  }
  if (named.tag === undefined) return known;
  const found = known.filter(({ tag }) => tag === named.tag);
  if (found.length === 0) throw new KnownError('not_found', `tag does not exist: ${familiarReference(named)}`);
  return found;
}

interface OnePush {
  readonly reference: Reference;
  readonly repository: RemoteRepository;
  readonly platform: Platform | undefined;
}

async function pushOne(
  deps: ImageServiceDeps,
  { reference, repository, platform }: OnePush,
  progress: ProgressSink,
  signal: AbortSignal,
): Promise<void> {
  const record = deps.records.findByName(formatReference(reference));
  if (!record) throw new KnownError('not_found', `tag does not exist: ${familiarReference(reference)}`);
  const plan = await planPush(deps, { record, reference, platform, repository }, signal);
  const sources = await mountSources(deps, reference);
  const work = { content: deps.content, now: deps.now, parallel: deps.transfers().uploads, repository, sources };
  await pushLayers(work, plan.layers, progress, signal);
  await pushBlobs(work, plan.configs, signal);
  for (const { descriptor, bytes } of plan.manifests) {
    await repository.putManifest(descriptor.digest, { ...descriptor, bytes }, { signal });
  }
  const { descriptor, bytes } = plan.top;
  const tag = reference.tag ?? 'latest';
  await repository.putManifest(tag, { ...descriptor, bytes }, { signal });
  publishImage(deps, 'push', familiarReference(reference), {
    name: familiarName(reference),
    labels: await readLabels(deps, record.target),
  });
  const { digest, size } = descriptor;
  progress({ status: `${tag}: digest: ${digest} size: ${size}` });
  progress({ progressDetail: {}, aux: { Tag: tag, Digest: digest, Size: size } });
  if (plan.insteadOf) {
    const aux = { manifestPushedInsteadOfIndex: true, originalIndex: plan.insteadOf, selectedManifest: descriptor };
    progress({ progressDetail: {}, aux });
  }
}
