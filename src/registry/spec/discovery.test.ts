import { expect, test } from 'bun:test';
import { errorCode, OCI_INDEX, OCI_MANIFEST, sha256, sha512 } from '../registry.fake.ts';
import { specSuite } from './spec.suite.ts';

specSuite('Content Discovery', ({ get, registry, send }) => {
  test('Listing Tags (end-8a): all in lexical order, 404 NAME_UNKNOWN for a repository that is not there', async () => {
    const image = await registry.pushImage('tags/all', 'beta');
    for (const tag of ['Alpha', 'v10', 'v2', '1.0', 'alpha'])
      await send('PUT', `/v2/tags/all/manifests/${tag}`, image.text);
    const list = await get('/v2/tags/all/tags/list');
    expect(await list.json()).toEqual({ name: 'tags/all', tags: ['1.0', 'Alpha', 'alpha', 'beta', 'v10', 'v2'] });
    const none = await get('/v2/tags/none/tags/list');
    expect([none.status, await errorCode(none)]).toEqual([404, 'NAME_UNKNOWN']);
  });

  test('Listing Tags (end-8b): n and last cut the list, Link leads through it', async () => {
    const image = await registry.pushImage('tags/pages', 't0');
    for (const number of [1, 2, 3, 4]) await send('PUT', `/v2/tags/pages/manifests/t${number}`, image.text);
    const seen: string[] = [];
    let next: string | undefined = '/v2/tags/pages/tags/list?n=2';
    for (let pages = 0; next !== undefined && pages < 10; pages++) {
      const response: Response = await get(next);
      seen.push(...((await response.json()) as { tags: string[] }).tags, '|');
      next = /^<(.+)>; rel="next"$/.exec(response.headers.get('link') ?? '')?.[1];
    }
    expect(seen).toEqual(['t0', 't1', '|', 't2', 't3', '|', 't4', '|']);
    const none = await get('/v2/tags/pages/tags/list?n=0');
    expect([await none.json(), none.headers.get('link')]).toEqual([{ name: 'tags/pages', tags: [] }, null]);
    const all = await get('/v2/tags/pages/tags/list?n=5');
    expect([((await all.json()) as { tags: string[] }).tags.length, all.headers.get('link')]).toEqual([5, null]);
    const after = await get('/v2/tags/pages/tags/list?n=1&last=t1x');
    expect(after.headers.get('link')).toBe('</v2/tags/pages/tags/list?n=1&last=t2>; rel="next"');
    expect(await (await get('/v2/tags/pages/tags/list?last=t2')).json()).toMatchObject({ tags: ['t3', 't4'] });
    const odd = await get('/v2/tags/pages/tags/list?n=-1');
    expect([odd.status, await errorCode(odd)]).toEqual([400, 'UNSUPPORTED']);
  });

  test('Listing Referrers (end-12a): an index of descriptors with artifactType and annotations; empty when there are none', async () => {
    const subject = await registry.pushImage('ref/image', 'v1');
    const descriptor = {
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest: subject.digest,
      size: subject.size,
    };
    const signature = await registry.pushImage('ref/image', 'sig', {
      subject: descriptor,
      artifactType: 'application/x.sig',
      annotations: { by: 'me' },
    });
    const sbom = await registry.pushImage('ref/image', 'sbom', { subject: descriptor });
    const response = await get(`/v2/ref/image/referrers/${subject.digest}`);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, OCI_INDEX]);
    expect(response.headers.get('oci-filters-applied')).toBeNull();
    const index = (await response.json()) as {
      schemaVersion: number;
      mediaType: string;
      manifests: { digest: string }[];
    };
    expect([index.schemaVersion, index.mediaType, index.manifests.length]).toEqual([2, OCI_INDEX, 2]);
    expect(index.manifests).toContainEqual({
      ...descriptor,
      digest: signature.digest,
      size: signature.size,
      artifactType: 'application/x.sig',
      annotations: { by: 'me' },
    } as never);
    expect(index.manifests).toContainEqual({
      ...descriptor,
      digest: sbom.digest,
      size: sbom.size,
      artifactType: 'application/vnd.oci.image.config.v1+json',
    } as never);
    for (const path of [`/v2/ref/image/referrers/${sha256('nothing')}`, `/v2/ref/none/referrers/${subject.digest}`]) {
      const none = await get(path);
      expect([none.status, ((await none.json()) as { manifests: unknown[] }).manifests]).toEqual([200, []]);
    }
    const bad = await get('/v2/ref/image/referrers/latest');
    expect([bad.status, await errorCode(bad)]).toEqual([400, 'DIGEST_INVALID']);
  });

  test('Listing Tags (end-8a): a repository without tags has an empty list', async () => {
    await registry.putBlob('tags/none-yet', 'only a blob');
    const list = await get('/v2/tags/none-yet/tags/list');
    expect([list.status, await list.json()]).toEqual([200, { name: 'tags/none-yet', tags: [] }]);
  });

  test('Listing Referrers (end-12a): an empty artifactType counts as none; an index has its own or none, and its annotations', async () => {
    const subject = await registry.pushImage('ref/kinds', 'v1');
    const { digest, size } = subject;
    const about = { subject: { mediaType: OCI_MANIFEST, digest, size } };
    await registry.pushImage('ref/kinds', 'empty', { ...about, artifactType: '' });
    const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [], ...about };
    const typed = { ...index, artifactType: 'application/x.list', annotations: { a: 'b' } };
    for (const [tag, body] of [
      ['bare', index],
      ['typed', typed],
    ] as const)
      expect((await registry.putManifest('ref/kinds', tag, body, OCI_INDEX)).status).toBe(201);
    const { manifests } = (await (await get(`/v2/ref/kinds/referrers/${digest}`)).json()) as { manifests: object[] };
    const of = (body: object): object => ({
      mediaType: OCI_INDEX,
      digest: sha256(JSON.stringify(body)),
      size: JSON.stringify(body).length,
    });
    expect(manifests).toHaveLength(3);
    expect(manifests).toContainEqual(
      expect.objectContaining({ artifactType: 'application/vnd.oci.image.config.v1+json' }) as never,
    );
    expect(manifests).toContainEqual(of(index) as never);
    expect(manifests).toContainEqual({
      ...of(typed),
      artifactType: 'application/x.list',
      annotations: { a: 'b' },
    } as never);
  });

  test('Listing Referrers (end-12a): the subject may be named by sha512, and its fallback tag is cut to 64 characters', async () => {
    const image = await registry.pushImage('ref/sha512', 'v1');
    const digest = sha512(image.text);
    await send('PUT', `/v2/ref/sha512/manifests/${digest}`, image.text, { 'Content-Type': OCI_MANIFEST });
    const about = { subject: { mediaType: OCI_MANIFEST, digest, size: image.size } };
    const signature = await registry.pushImage('ref/sha512', 'sig', about);
    const list = async (): Promise<readonly string[]> => {
      const answer = await get(`/v2/ref/sha512/referrers/${digest}`);
      return ((await answer.json()) as { manifests: { digest: string }[] }).manifests.map((one) => one.digest);
    };
    expect(await list()).toEqual([signature.digest]);
    const tag = `sha512-${digest.slice(7, 7 + 64)}`;
    const entry = { mediaType: OCI_MANIFEST, digest: signature.digest, size: signature.size };
    await registry.putManifest(
      'ref/sha512',
      tag,
      { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [entry] },
      OCI_INDEX,
    );
    expect(await list()).toEqual([signature.digest]);
  });

  test('Listing Referrers (end-12b): artifactType filters and says so in OCI-Filters-Applied', async () => {
    const subject = await registry.pushImage('ref/filter', 'v1');
    const descriptor = {
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest: subject.digest,
      size: subject.size,
    };
    for (const type of ['application/x.sig', 'application/x.sbom'])
      await registry.pushImage('ref/filter', type.slice(-3), { subject: descriptor, artifactType: type });
    const response = await get(
      `/v2/ref/filter/referrers/${subject.digest}?artifactType=${encodeURIComponent('application/x.sig')}`,
    );
    expect(response.headers.get('oci-filters-applied')).toBe('artifactType');
    expect((await response.json()) as object).toMatchObject({ manifests: [{ artifactType: 'application/x.sig' }] });
  });

  test('Upgrade Procedures: referrers that a client listed under the fallback tag are in the answer when they name the subject', async () => {
    const subject = await registry.pushImage('ref/fallback', 'v1');
    const descriptor = {
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest: subject.digest,
      size: subject.size,
    };
    const listed = await registry.pushImage('ref/fallback', 'listed', { subject: descriptor });
    const liar = await registry.pushImage('ref/fallback', 'liar');
    const entry = ({ digest, size }: { digest: string; size: number }): object => ({ ...descriptor, digest, size });
    const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [entry(listed), entry(liar)] };
    await registry.putManifest('ref/fallback', subject.digest.replace(':', '-'), index, OCI_INDEX);
    const answer = (await (await get(`/v2/ref/fallback/referrers/${subject.digest}`)).json()) as {
      manifests: { digest: string }[];
    };
    expect(answer.manifests.map(({ digest }) => digest)).toEqual([listed.digest]);
  });

  test('_catalog: names of all repositories, by pages', async () => {
    await registry.pushImage('zz/a-b', 'v1');
    await registry.pushImage('zz/a', 'v1');
    await registry.pushImage('zz/a/b', 'v1');
    const all = (await (await get('/v2/_catalog')).json()) as { repositories: string[] };
    expect(all.repositories).toEqual([...all.repositories].sort());
    expect(all.repositories).toContain('zz/a/b');
    const page = await get('/v2/_catalog?n=2&last=zz');
    expect(await page.json()).toEqual({ repositories: ['zz/a', 'zz/a-b'] });
    expect(page.headers.get('link')).toBe('</v2/_catalog?n=2&last=zz%2Fa-b>; rel="next"');
  });
});
