import { describe, expect, test } from 'bun:test';
import { CONTENT_TAGS, putContents } from '../fixtures/contents.ts';
import { createPodman, createSkopeo, tlsFlags } from '../fixtures/peer-clients.ts';
import { type PeerAuth, servedDigest, startPeerRegistry, USER } from '../fixtures/peer-registry.ts';

describe.each<PeerAuth>(['anonymous', 'basic', 'token'])('a cache of docker-registry, %s', (auth) => {
  test('skopeo and podman get everything through it, and again when docker-registry is gone', async () => {
    const here = { address: '127.0.0.1', authority: undefined } as const;
    await using upstream = await startPeerRegistry({ ...here, program: 'docker-registry', auth });
    const credentials = auth === 'anonymous' ? {} : { username: USER.name, password: USER.password };
    const proxy = { remoteurl: `http://${upstream.host}`, ...credentials };
    await using cache = await startPeerRegistry({ ...here, program: 'ours', auth: 'anonymous', sections: { proxy } });
    const contents = await putContents(upstream, 'team/app', 'cached');
    using skopeo = createSkopeo();
    const copyAll = async (round: string): Promise<void> => {
      for (const tag of CONTENT_TAGS) {
        const words = ['copy', '-q', '--all', '--preserve-digests', ...tlsFlags(cache, 'src-')];
        await skopeo.ok(...words, `docker://${cache.host}/team/app:${tag}`, `dir:${skopeo.folder}/${round}-${tag}`);
        const file = `${skopeo.folder}/${round}-${tag}/manifest.json`;
        expect((await skopeo.ok('manifest-digest', file)).trim()).toBe(contents[tag]);
        expect(await servedDigest(cache, 'team/app', tag)).toBe(contents[tag]);
      }
    };
    await copyAll('first');
    await upstream[Symbol.asyncDispose]();
    await copyAll('again');
    using podman = createPodman();
    await podman.ok('pull', '-q', ...tlsFlags(cache), `${cache.host}/team/app@${contents.docker}`);
    const pushed = await podman.run(
      'push',
      '-q',
      ...tlsFlags(cache),
      `${cache.host}/team/app@${contents.docker}`,
      `${cache.host}/team/app:mine`,
    );
    expect(pushed.exitCode).not.toBe(0);
  }, 60_000);
});
