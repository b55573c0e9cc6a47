import { type Cases, FAILURE } from '../cases.ts';

const account = (serveraddress: string, password: string) => ({ username: 'ann', password, serveraddress });

export const SYSTEM: Cases = {
  'POST /auth': {
    200: async (w) => await w.post('/auth', account(w.guarded, 'secret')),
    204: 'Docker answers 200 with a status since 1.11: no code is left that gives the 204',
    401: async (w) => await w.post('/auth', account(w.guarded, 'wrong')),
    500: async (w) => await w.post('/auth', account('127.0.0.1:1', 'secret')),
  },
  'GET /info': { 200: async (w) => await w.get('/info'), 500: FAILURE },
  'GET /version': { 200: async (w) => await w.get('/version'), 500: FAILURE },
  'GET /_ping': { 200: async (w) => await w.get('/_ping'), 500: FAILURE },
  'HEAD /_ping': { 200: async (w) => await w.ask('HEAD', '/_ping'), 500: FAILURE },
  'GET /events': {
    200: [
      async (w) => await w.ask('GET', '/events?since=1', { firstLine: true }),
      async (w) => {
        await w.image('of-event');
        const query = `filters=${encodeURIComponent(JSON.stringify({ type: ['image'] }))}`;
        return await w.ask('GET', `/events?since=1&${query}`, { firstLine: true });
      },
    ],
    400: [
      async (w) => await w.get('/events?since=2&until=1'),
      async (w) => await w.get('/events?since=nonsense'),
      async (w) => await w.get('/events?filters=nonsense'),
    ],
    500: FAILURE,
  },
  'GET /system/df': {
    200: [
      async (w) => {
        const name = w.fresh();
        await w.build(`FROM busybox\nRUN echo ${name} > /made\nRUN cat /made\n`, name);
        return await w.get('/system/df');
      },
      async (w) => await w.get('/system/df?type=container&type=volume'),
    ],
    500: FAILURE,
  },
  'POST /session': {
    101: "BuildKit's session protocol: a daemon without BuildKit has nobody to speak it",
    400: async (w) => await w.post('/session'),
    500: FAILURE,
  },
};
