import { readFileSync } from 'node:fs';
import { dockerArchive, smallImage, tarOf } from '../../../fixtures/images.ts';
import { imageArchive } from '../../../helpers/daemon.ts';
import { type Cases, FAILURE, sick } from '../cases.ts';
import type { World } from '../world.ts';

const AUTH = { 'X-Registry-Auth': Buffer.from('{}').toString('base64url') };
const context = (dockerfile: string): Uint8Array => tarOf({ Dockerfile: dockerfile });
const build = async (w: World, dockerfile: string, query = '') =>
  await w.ask('POST', `/build${query}`, {
    body: context(dockerfile),
    headers: { 'Content-Type': 'application/x-tar' },
  });

export const IMAGE: Cases = {
  'GET /images/json': {
    200: [
      async (w) => await w.get('/images/json'),
      async (w) => await w.get('/images/json?all=1&digests=1&shared-size=1&manifests=1'),
    ],
    500: FAILURE,
  },
  'POST /build': {
    200: async (w) => await build(w, `FROM busybox\nLABEL of=${w.fresh()}\n`),
    400: [
      async (w) => await build(w, 'NONSENSE\n'),
      async (w) => await build(w, 'FROM busybox\n', '?buildargs=nonsense'),
    ],
    500: FAILURE,
  },
  'POST /build/prune': {
    200: [
      async (w) => {
        await build(w, `FROM busybox\nRUN echo ${w.fresh()} > /made\n`);
        return await w.post('/build/prune?all=1');
      },
      async (w) => await w.post('/build/prune?reserved-space=1000000&max-used-space=1000000&min-free-space=1'),
    ],
    500: FAILURE,
  },
  'POST /images/create': {
    200: [
      async (w) => await w.post(`/images/create?fromImage=${w.registry}/known&tag=1`),
      async (w) => await w.ask('POST', `/images/create?fromSrc=-&repo=${w.fresh()}`, { body: tarOf({ a: 'x' }) }),
    ],
    404: async (w) => await w.post(`/images/create?fromImage=${w.registry}/nosuch&tag=1`),
    500: async (w) => await w.post('/images/create?fromImage=127.0.0.1:1/nosuch&tag=1'),
  },
  'GET /images/{name}/json': {
    200: [
      async (w) => {
        await build(w, FULL, '?t=full');
        return await w.get('/images/full/json');
      },
      async (w) => {
        const reference = `${w.registry}/attested:1`;
        await w.post(`/images/create?fromImage=${reference}`);
        return await w.get(`/images/${reference}/json?manifests=1`);
      },
      async (w) => await w.get('/images/busybox/json'),
      async (w) => await w.get('/images/busybox/json?manifests=1'),
    ],
    404: async (w) => await w.get('/images/nosuch/json'),
    500: FAILURE,
  },
  'GET /images/{name}/history': {
    200: async (w) => await w.get('/images/busybox/history'),
    404: async (w) => await w.get('/images/nosuch/history'),
    500: FAILURE,
  },
  'POST /images/{name}/push': {
    200: async (w) => {
      const repository = `${w.registry}/${w.fresh()}`;
      await w.made(`/images/busybox/tag?repo=${repository}&tag=1`);
      return await w.ask('POST', `/images/${repository}/push?tag=1`, { headers: AUTH });
    },
    404: 'Docker 28 says it in the stream, behind `The push refers to repository`: the status is 200 by then',
    500: FAILURE,
  },
  'POST /images/{name}/tag': {
    201: async (w) => await w.post(`/images/busybox/tag?repo=${w.fresh()}&tag=1`),
    400: async (w) => await w.post('/images/busybox/tag?repo=NOT%20A%20NAME'),
    404: async (w) => await w.post('/images/nosuch/tag?repo=other'),
    409: 'a tag moves to the image that is given it; Docker has refused none since 1.12',
    500: sick(async (w) => await w.post(`/images/busybox/tag?repo=${w.fresh()}`)),
  },
  'DELETE /images/{name}': {
    200: [
      async (w) => {
        const name = w.fresh();
        await w.image(name);
        return await w.ask('DELETE', `/images/${name}`);
      },
      async (w) => {
        const name = w.fresh();
        await w.made(`/images/busybox/tag?repo=${name}`);
        return await w.ask('DELETE', `/images/${name}?noprune=1`);
      },
    ],
    404: async (w) => await w.ask('DELETE', '/images/nosuch'),
    409: async (w) => {
      const name = w.fresh();
      await w.build(`FROM busybox\nLABEL of=${name}\n`, name);
      await w.create({ Image: name });
      return await w.ask('DELETE', `/images/${name}`);
    },
    500: FAILURE,
  },
  'GET /images/search': {
    200: async (w) => await w.get(`/images/search?term=${w.searched}/known&limit=5`),
    500: FAILURE,
  },
  'POST /images/prune': {
    200: async (w) => {
      await w.image('pruned');
      await w.made('/images/busybox/tag?repo=pruned');
      return await w.post('/images/prune');
    },
    500: FAILURE,
  },
  'POST /commit': {
    201: async (w) =>
      await w.post(`/commit?container=${w.idle}&repo=${w.fresh()}&author=me&comment=x`, { Env: ['A=b'] }),
    404: async (w) => await w.post('/commit?container=nosuch'),
    500: FAILURE,
  },
  'GET /images/{name}/get': { 200: async (w) => await w.get('/images/busybox/get'), 500: FAILURE },
  'GET /images/get': { 200: async (w) => await w.get('/images/get?names=busybox'), 500: FAILURE },
  'POST /images/load': {
    200: [
      async (w) =>
        await w.ask('POST', '/images/load', { body: dockerArchive(smallImage({ text: w.fresh() }), ['loaded:1']) }),
      async (w) => await w.ask('POST', '/images/load?quiet=1', { body: readFileSync(imageArchive('busybox')) }),
    ],
    500: FAILURE,
  },
  'GET /distribution/{name}/json': {
    200: async (w) => await w.get(`/distribution/${w.registry}/known:1/json`),
    401: async (w) => await w.get(`/distribution/${w.guarded}/known:1/json`),
    500: async (w) => await w.get('/distribution/127.0.0.1:1/known:1/json'),
  },
};

const FULL = `FROM busybox
USER nobody
EXPOSE 80
VOLUME /v
WORKDIR /w
ENTRYPOINT ["true"]
ONBUILD RUN true
LABEL a=b
STOPSIGNAL SIGINT
SHELL ["/bin/sh", "-c"]
HEALTHCHECK CMD true
`;
