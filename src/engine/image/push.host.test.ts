import { afterAll, beforeAll, expect, test } from 'bun:test';
import { engine, putImage } from '../../../test/fixtures/image-engine.ts';
import { smallImage } from '../../../test/fixtures/images.ts';
import type { LocalRegistry } from '../../../test/fixtures/registry.ts';
import { startFront, startRegistry } from '../../../test/fixtures/registry.ts';
import { OCI_INDEX } from '../../oci/media-type.ts';
import type { ImageServiceDeps } from './deps.ts';
import { createImageService } from './image-service.ts';
import type { ImageService, ProgressMessage, RegistryAuth } from './service.ts';

const never = new AbortController().signal;
let registry: LocalRegistry;
beforeAll(async () => {
  registry = await startRegistry();
});
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
});

async function pulled(deps: ImageServiceDeps, name: string, platform?: string): Promise<ImageService> {
  const service = createImageService(deps);
  await service.pull({ reference: name, platform }, () => undefined, never);
  return service;
}

async function pushed(
  service: ImageService,
  request: Parameters<ImageService['push']>[0],
): Promise<readonly ProgressMessage[]> {
  const messages: ProgressMessage[] = [];
  await service.push(request, (message) => messages.push(message), never);
  return messages;
}

/** Statuses by layer, in order, without the bars. */
function statuses(messages: readonly ProgressMessage[]): readonly unknown[] {
  return messages.filter(({ id, status }) => id !== undefined && status !== 'Pushing').map(({ status }) => status);
}

async function digestAt(host: string, name: string, tag: string): Promise<string | null> {
  const accept = 'application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json';
  const answer = await fetch(`http://${host}/v2/${name}/manifests/${tag}`, { headers: { accept } });
  return answer.headers.get('docker-content-digest');
}

test('a push sends what is missing, mounts what another repository has, and keeps every digest', async () => {
  using here = engine();
  await using other = await startRegistry();
  const { digest, size } = await putImage(registry, 'base', '1', smallImage({ text: 'push', layers: 7 }));
  const service = await pulled(here.deps, `${registry.host}/base:1`);
  await service.tag(`${registry.host}/base:1`, `${registry.host}/team/app`, 'v1');
  await service.tag(`${registry.host}/base:1`, `${other.host}/far/app`, 'v1');

  const near = await pushed(service, { name: `${registry.host}/team/app`, tag: 'v1' });
  expect(near[0]).toEqual({ status: `The push refers to repository [${registry.host}/team/app]` });
  expect(statuses(near)).toEqual([
    ...Array<string>(7).fill('Preparing'),
    ...Array<string>(2).fill('Waiting'),
    ...Array<string>(7).fill('Mounted from base'),
  ]);
  expect(near.slice(-2)).toEqual([
    { status: `v1: digest: ${digest} size: ${size}` },
    { progressDetail: {}, aux: { Tag: 'v1', Digest: digest, Size: size } },
  ]);
  expect(await digestAt(registry.host, 'team/app', 'v1')).toBe(digest);

  const far = await pushed(service, { name: `${other.host}/far/app`, tag: 'v1' });
  expect(statuses(far).slice(9)).toEqual(Array<string>(7).fill('Pushed'));
  const bar = far.find(({ status }) => status === 'Pushing');
  expect(bar?.progressDetail).toEqual({ current: expect.any(Number), total: expect.any(Number) });
  expect(await digestAt(other.host, 'far/app', 'v1')).toBe(digest);
  const again = await pushed(service, { name: `${other.host}/far/app`, tag: 'v1' });
  expect(statuses(again).slice(9)).toEqual(Array<string>(7).fill('Layer already exists'));
  expect(here.events.filter((event) => event === 'push').length).toBe(3);
});

test('every tag of a repository goes when none is named', async () => {
  using here = engine();
  await using other = await startRegistry();
  const [one, two] = [smallImage({ text: 'one' }), smallImage({ text: 'two' })];
  const first = await putImage(registry, 'tags', 'a', one);
  const second = await putImage(registry, 'tags', 'b', two);
  const service = await pulled(here.deps, `${registry.host}/tags:a`);
  await service.pull({ reference: `${registry.host}/tags:b` }, () => undefined, never);
  await service.tag(`${registry.host}/tags:a`, `${other.host}/all`, 'a');
  await service.tag(`${registry.host}/tags:b`, `${other.host}/all`, 'b');
  const messages = await pushed(service, { name: `${other.host}/all` });
  expect(messages.flatMap(({ aux }) => (aux ? [aux] : []))).toEqual([
    { Tag: 'a', Digest: first.digest, Size: first.size },
    { Tag: 'b', Digest: second.digest, Size: second.size },
  ]);
});

test('an index goes whole when all of it is here or there, else the one platform, said so', async () => {
  using here = engine();
  await using other = await startRegistry();
  const amd = await putImage(registry, 'multi', undefined, smallImage({ text: 'amd' }));
  const arm = await putImage(registry, 'multi', undefined, smallImage({ text: 'arm', architecture: 'arm64' }));
  const index = {
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: [
      { ...amd, platform: { os: 'linux', architecture: 'amd64' } },
      { ...arm, platform: { os: 'linux', architecture: 'arm64' } },
    ],
  };
  const whole = await registry.putManifest('multi', '1', OCI_INDEX, index);
  const service = await pulled(here.deps, `${registry.host}/multi:1`);
  await service.tag(`${registry.host}/multi:1`, `${other.host}/m`, '1');
  await service.tag(`${registry.host}/multi:1`, `${registry.host}/multi`, '2');

  const single = await pushed(service, { name: `${other.host}/m`, tag: '1' });
  expect(single.at(-1)?.aux).toMatchObject({
    manifestPushedInsteadOfIndex: true,
    originalIndex: { digest: whole.digest },
    selectedManifest: { digest: amd.digest },
  });
  expect(await digestAt(other.host, 'm', '1')).toBe(amd.digest);
  await pushed(service, { name: `${registry.host}/multi`, tag: '2' });
  expect(await digestAt(registry.host, 'multi', '2')).toBe(whole.digest);

  await service.pull({ reference: `${registry.host}/multi:1`, platform: 'linux/arm64' }, () => undefined, never);
  await pushed(service, { name: `${other.host}/m`, tag: '1' });
  expect(await digestAt(other.host, 'm', '1')).toBe(whole.digest);
  await pushed(service, { name: `${other.host}/m`, tag: '1', platform: 'linux/arm64' });
  expect(await digestAt(other.host, 'm', '1')).toBe(arm.digest);
  await expect(pushed(service, { name: `${other.host}/m`, tag: '1', platform: 'linux/s390x' })).rejects.toThrow(
    `image with reference ${other.host}/m:1 was found but does not provide the specified platform (linux/s390x)`,
  );
});

test('what is not here is told in Docker’s words', async () => {
  using here = engine();
  await putImage(registry, 'here', '1', smallImage({ text: 'here' }));
  const service = await pulled(here.deps, `${registry.host}/here:1`);
  await expect(pushed(service, { name: `${registry.host}/nothing`, tag: '1' })).rejects.toThrow(
    `An image does not exist locally with the tag: ${registry.host}/nothing`,
  );
  await expect(pushed(service, { name: `${registry.host}/here`, tag: '2' })).rejects.toThrow(
    `tag does not exist: ${registry.host}/here:2`,
  );
  await expect(pushed(service, { name: `${registry.host}/here`, tag: 'a b' })).rejects.toThrow('invalid tag format');
});

test('tokens are asked for with the right to push; one that runs out in the middle is replaced', async () => {
  using here = engine();
  await using front = startFront(registry, {
    kind: 'bearer',
    user: { name: 'ann', password: 's3cret-pass' },
    usesPerToken: 4,
  });
  await putImage(registry, 'scoped', '1', smallImage({ text: 'scoped', layers: 5 }));
  const service = await pulled(here.deps, `${registry.host}/scoped:1`);
  await service.tag(`${registry.host}/scoped:1`, `${front.host}/pushed`, '1');
  const auth: RegistryAuth = { username: 'ann', password: 's3cret-pass' };
  const messages = await pushed(service, { name: `${front.host}/pushed`, tag: '1', auth });
  expect(statuses(messages).filter((status) => status === 'Pushed').length).toBe(5);
  expect(front.scopes.every((scope) => scope.startsWith('repository:pushed:pull,push'))).toBe(true);
  expect(front.tokens()).toBeGreaterThan(3);
  expect(JSON.stringify(messages)).not.toContain('s3cret-pass');
});

test('refusals are told as the registry means them, without secrets', async () => {
  using here = engine();
  await putImage(registry, 'refused', '1', smallImage({ text: 'refused' }));
  const service = await pulled(here.deps, `${registry.host}/refused:1`);
  await using closed = startFront(registry, { kind: 'bearer', readOnly: true });
  await using basic = startFront(registry, { kind: 'basic', user: { name: 'bob', password: 'pw' } });
  await using bearer = startFront(registry, { kind: 'bearer', user: { name: 'bob', password: 'pw' } });
  const refusal = async (host: string, auth?: RegistryAuth): Promise<string> => {
    await service.tag(`${registry.host}/refused:1`, `${host}/new`, '1');
    const error: unknown = await pushed(service, { name: `${host}/new`, tag: '1', auth }).catch((thrown) => thrown);
    return error instanceof Error ? error.message : 'it worked';
  };
  expect(await refusal(closed.host)).toBe('denied: requested access to the resource is denied');
  expect(await refusal(basic.host)).toBe('no basic auth credentials');
  expect(await refusal(bearer.host, { username: 'bob', password: 'w-r-o-n-g' })).toBe(
    'unauthorized: incorrect username or password',
  );
});
