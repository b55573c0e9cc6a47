import { imageInspectAs, imageSummaryAs } from '../../api/compat/image.ts';
import { parseFilters } from '../../api/filters.ts';
import type { ImageInspect } from '../../api/types/image.ts';
import type { ImageService } from '../../engine/image/service.ts';
import { KnownError, messageOf } from '../../lib/errors.ts';
import { formatPlatform } from '../../oci/platform.ts';
import { parseReference } from '../../oci/reference.ts';
import { isSince, platformsOf } from '../platform-query.ts';
import { parseRegistryAuth } from '../registry-auth.ts';
import { asksRegistry } from '../registry-failure.ts';
import { type Call, flag, type Route } from '../route.ts';

export function imageRoutes(images: ImageService): readonly Route[] {
  const name = (call: Call): string => call.params['name'] ?? '';
  return [
    {
      method: 'GET',
      path: '/images/json',
      handle: async (call) =>
        call.answerJson(
          200,
          (
            await images.list({
              all: flag(call.query, 'all'),
              digests: flag(call.query, 'digests'),
              sharedSize: flag(call.query, 'shared-size'),
              manifests: isSince(call, 1, 47) && flag(call.query, 'manifests'),
              filters: parseFilters(call.query.get('filters'), [
                'before',
                'dangling',
                'label',
                'label!',
                'reference',
                'since',
                'until',
              ]),
            })
          ).map((row) => imageSummaryAs(call.apiVersion, row)),
        ),
    },
    {
      method: 'GET',
      path: '/distribution/{name*}/json',
      since: '1.30',
      handle: async (call) =>
        call.answerJson(
          200,
          await asksRegistry(
            images.distribution(name(call), parseRegistryAuth(call.headers['x-registry-auth']), call.signal),
          ),
        ),
    },
    {
      method: 'GET',
      path: '/images/get',
      handle: async (call) => await save(call, images, call.query.getAll('names')),
    },
    { method: 'POST', path: '/images/create', handle: async (call) => await create(call, images) },
    {
      method: 'POST',
      path: '/images/load',
      handle: async (call) =>
        await withProgress(
          call,
          async (progress) => await images.load(call.body, progress, call.signal, platformsOf(call, 'platform', 48)),
        ),
    },
    {
      method: 'POST',
      path: '/images/prune',
      since: '1.25',
      handle: async (call) => {
        const { deleted, reclaimedBytes } = await images.prune(
          parseFilters(call.query.get('filters'), ['dangling', 'until', 'label', 'label!']),
        );
        call.answerJson(200, { ImagesDeleted: deleted, SpaceReclaimed: reclaimedBytes });
      },
    },
    {
      method: 'GET',
      path: '/images/{name*}/json',
      handle: async (call) => call.answerJson(200, await inspect(call, images, name(call))),
    },
    {
      method: 'GET',
      path: '/images/{name*}/history',
      handle: async (call) =>
        call.answerJson(200, await images.history(name(call), platformsOf(call, 'platform', 48)[0])),
    },
    { method: 'GET', path: '/images/{name*}/get', handle: async (call) => await save(call, images, [name(call)]) },
    {
      method: 'POST',
      path: '/images/{name*}/push',
      handle: async (call) => await push(call, images, name(call)),
    },
    {
      method: 'POST',
      path: '/images/{name*}/tag',
      handle: async (call) => {
        await images.tag(name(call), call.query.get('repo') ?? '', call.query.get('tag') || undefined);
        call.answerEmpty(201);
      },
    },
    {
      method: 'DELETE',
      path: '/images/{name*}',
      handle: async (call) =>
        call.answerJson(
          200,
          // `noprune` asks for nothing: an image is one thing here, there are no untagged parents to keep.
          await images.remove(name(call), {
            force: flag(call.query, 'force'),
            platforms: platformsOf(call, 'platforms', 50),
          }),
        ),
    },
  ];
}

/** Pull (`fromImage`) or import (`fromSrc`). */
async function create(call: Call, images: ImageService): Promise<void> {
  const { query } = call;
  const [image, source, tag] = [query.get('fromImage'), query.get('fromSrc'), query.get('tag')];
  const platform = query.get('platform') || undefined;
  if (image) {
    // `docker pull -a` sends a name only, with a colon at its end in some versions.
    const named = image.replace(/:$/, '');
    const reference = !tag ? named : tag.includes(':') ? `${named}@${tag}` : `${named}:${tag}`;
    const { tag: wanted, digest } = parseReference(reference);
    const allTags = wanted === undefined && digest === undefined;
    return await withProgress(
      call,
      async (progress) =>
        await images.pull(
          { reference, allTags, platform, auth: parseRegistryAuth(call.headers['x-registry-auth']) },
          progress,
          call.signal,
        ),
    );
  }
  const request = {
    repository: query.get('repo') || undefined,
    tag: tag || undefined,
    message: query.get('message') || undefined,
    changes: query.getAll('changes'),
    platform,
  };
  await withProgress(call, async (progress) => {
    const id =
      source === '-'
        ? await images.importTar(call.body, request, call.signal)
        : await images.importUrl(source ?? '', request, progress, call.signal);
    progress({ status: id });
  });
}

async function inspect(call: Call, images: ImageService, name: string): Promise<ImageInspect> {
  const manifests = isSince(call, 1, 48) && flag(call.query, 'manifests');
  const [platform] = platformsOf(call, 'platform', 49);
  if (manifests && platform) {
    const problem = 'conflicting options: manifests and platform options cannot both be set';
    throw new KnownError('invalid_parameter', problem);
  }
  return imageInspectAs(call.apiVersion, await images.inspect(name, { manifests, platform }));
}

async function push(call: Call, images: ImageService, name: string): Promise<void> {
  const [platform] = platformsOf(call, 'platform', 46);
  await withProgress(
    call,
    async (progress) =>
      await images.push(
        {
          name,
          tag: call.query.get('tag') || undefined,
          platform: platform && formatPlatform(platform),
          auth: parseRegistryAuth(call.headers['x-registry-auth']),
        },
        progress,
        call.signal,
      ),
  );
}

/** What fails before the first progress message is a status, what fails later a message of the stream. */
async function withProgress(call: Call, work: (progress: (message: object) => void) => Promise<void>): Promise<void> {
  let answer: ReturnType<Call['answerStream']> | undefined;
  const open = (): ReturnType<Call['answerStream']> => (answer ??= call.answerStream(200, 'application/json'));
  try {
    await asksRegistry(work((message) => open().object(message)));
  } catch (error) {
    if (!answer) throw error;
    answer.object({ errorDetail: { message: messageOf(error) }, error: messageOf(error) });
  }
  open().end();
}

async function save(call: Call, images: ImageService, names: readonly string[]): Promise<void> {
  const chunks = await images.save(names, call.signal, platformsOf(call, 'platform', 48));
  const answer = call.answerStream(200, 'application/x-tar');
  for await (const chunk of chunks) await answer.write(chunk);
  answer.end();
}
