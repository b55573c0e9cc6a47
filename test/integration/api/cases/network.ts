import { type Cases, FAILURE, sick } from '../cases.ts';
import type { World } from '../world.ts';

async function network(w: World): Promise<string> {
  return (await w.made('/networks/create', { Name: w.fresh() }))['Id'] ?? '';
}

export const NETWORK: Cases = {
  'GET /networks': { 200: async (w) => await w.get('/networks'), 500: FAILURE },
  'GET /networks/{id}': {
    200: [
      async (w) => await w.get('/networks/bridge'),
      async (w) => {
        const config = {
          Subnet: '10.217.9.0/24',
          IPRange: '10.217.9.128/25',
          Gateway: '10.217.9.1',
          AuxiliaryAddresses: { a: '10.217.9.2' },
        };
        const { Id } = await w.made('/networks/create', { Name: w.fresh(), IPAM: { Config: [config] } });
        const answer = await w.get(`/networks/${Id}`);
        await w.ask('DELETE', `/networks/${Id}`);
        return answer;
      },
      async (w) => await w.get(`/networks/${await network(w)}?verbose=1&scope=local`),
    ],
    404: async (w) => await w.get('/networks/nosuch'),
    500: FAILURE,
  },
  'DELETE /networks/{id}': {
    204: async (w) => await w.ask('DELETE', `/networks/${await network(w)}`),
    403: async (w) => await w.ask('DELETE', '/networks/bridge'),
    404: async (w) => await w.ask('DELETE', '/networks/nosuch'),
    500: FAILURE,
  },
  'POST /networks/create': {
    201: async (w) => await w.post('/networks/create', { Name: w.fresh(), Labels: { a: 'b' }, Options: {} }),
    400: async (w) => await w.post('/networks/create', { Name: w.fresh(), IPAM: { Config: [{ Subnet: 'nonsense' }] } }),
    403: async (w) => await w.post('/networks/create', { Name: 'host', Driver: 'host' }),
    404: async (w) => await w.post('/networks/create', { Name: w.fresh(), Driver: 'nosuch' }),
    500: sick(async (w) => await w.post('/networks/create', { Name: w.fresh() })),
  },
  'POST /networks/{id}/connect': {
    200: async (w) => await w.post(`/networks/${await network(w)}/connect`, { Container: await w.start() }),
    400: async (w) => await w.post('/networks/host/connect', { Container: w.running }),
    403: async (w) => {
      const id = await network(w);
      await w.made(`/networks/${id}/connect`, { Container: w.running });
      return await w.post(`/networks/${id}/connect`, { Container: w.running });
    },
    404: [
      async (w) => await w.post('/networks/nosuch/connect', { Container: w.running }),
      async (w) => await w.post(`/networks/${await network(w)}/connect`, { Container: 'nosuch' }),
    ],
    500: FAILURE,
  },
  'POST /networks/{id}/disconnect': {
    200: async (w) => {
      const [id, container] = [await network(w), await w.start()];
      await w.made(`/networks/${id}/connect`, { Container: container });
      return await w.post(`/networks/${id}/disconnect`, { Container: container });
    },
    403: async (w) => await w.post(`/networks/${await network(w)}/disconnect`, { Container: w.running }),
    404: async (w) => await w.post('/networks/nosuch/disconnect', { Container: w.running }),
    500: FAILURE,
  },
  'POST /networks/prune': {
    200: async (w) => {
      await network(w);
      return await w.post('/networks/prune');
    },
    500: FAILURE,
  },
};
