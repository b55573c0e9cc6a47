import { type Cases, FAILURE, sick } from '../cases.ts';

export const VOLUME: Cases = {
  'GET /volumes': { 200: async (w) => await w.get('/volumes'), 500: FAILURE },
  'POST /volumes/create': {
    201: [
      async (w) => await w.post('/volumes/create', { Name: w.fresh(), Labels: { a: 'b' } }),
      async (w) => await w.ask('POST', '/volumes/create'),
    ],
    500: sick(async (w) => await w.post('/volumes/create', { Name: w.fresh() })),
  },
  'GET /volumes/{name}': {
    200: async (w) => await w.get('/volumes/kept'),
    404: async (w) => await w.get('/volumes/nosuch'),
    500: FAILURE,
  },
  'PUT /volumes/{name}': {
    200: 'cluster volumes are of Swarm',
    400: 'outside a swarm Docker 28 answers 503 before it looks at the version',
    404: 'cluster volumes are of Swarm, and outside a swarm no volume is looked for',
    500: FAILURE,
    503: async (w) => await w.ask('PUT', '/volumes/kept?version=1', { body: { Spec: {} } }),
  },
  'DELETE /volumes/{name}': {
    204: [
      async (w) => await w.ask('DELETE', `/volumes/${(await w.made('/volumes/create', {}))['Name']}`),
      async (w) => await w.ask('DELETE', '/volumes/nosuch?force=1'),
    ],
    404: async (w) => await w.ask('DELETE', '/volumes/nosuch'),
    409: async (w) => await w.ask('DELETE', '/volumes/kept'),
    500: FAILURE,
  },
  'POST /volumes/prune': {
    200: async (w) => {
      await w.made('/volumes/create', {});
      return await w.post('/volumes/prune');
    },
    500: FAILURE,
  },
};
