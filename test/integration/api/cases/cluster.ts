import { type Cases, FAILURE } from '../cases.ts';
import type { World } from '../world.ts';

/** Swarm, and plugins: an engine outside a swarm, without plugins. */
const NO_SWARM = 'needs a swarm';
const NO_PLUGIN = 'needs a plugin, and there are none to have';

const refused = (method: string, path: string, query = '', body?: object) => ({
  200: NO_SWARM,
  201: NO_SWARM,
  204: NO_SWARM,
  403: NO_SWARM,
  404: NO_SWARM,
  409: NO_SWARM,
  500: FAILURE,
  503: async (w: World) => await w.ask(method, `${path.replace('{id}', 'x')}${query}`, body && { body }),
});

/** Those whose body Docker reads before it finds that there is no swarm. */
const versioned = (path: string, body: object) => ({
  ...refused('POST', path, '?version=1', body),
  400: async (w: World) => await w.ask('POST', path.replace('{id}', 'x'), { body }),
});

const malformed = (path: string) => async (w: World) =>
  await w.ask('POST', path, { body: '{', headers: { 'Content-Type': 'application/json' } });

function crud(noun: string): Cases {
  return {
    [`GET /${noun}`]: refused('GET', `/${noun}`),
    [`POST /${noun}/create`]: {
      ...refused('POST', `/${noun}/create`, '', { Name: 'x' }),
      400: malformed(`/${noun}/create`),
    },
    [`GET /${noun}/{id}`]: refused('GET', `/${noun}/{id}`),
    [`DELETE /${noun}/{id}`]: refused('DELETE', `/${noun}/{id}`),
    [`POST /${noun}/{id}/update`]: versioned(`/${noun}/{id}/update`, { Name: 'x' }),
  };
}

const gone = (method: string, path: string, body?: object) => ({
  200: NO_PLUGIN,
  204: NO_PLUGIN,
  404: async (w: World) => await w.ask(method, path.replace('{name}', 'vendor/nosuch:1'), body && { body }),
  500: FAILURE,
});
const noRegistry = {
  200: NO_PLUGIN,
  204: NO_PLUGIN,
  500: 'answered with 501, which says what is meant: plugins are not supported',
};

export const CLUSTER: Cases = {
  'GET /swarm': refused('GET', '/swarm'),
  'POST /swarm/init': { ...refused('POST', '/swarm/init', '', {}), 400: malformed('/swarm/init') },
  'POST /swarm/join': { ...refused('POST', '/swarm/join', '', {}), 400: malformed('/swarm/join') },
  'POST /swarm/leave': refused('POST', '/swarm/leave'),
  'POST /swarm/update': versioned('/swarm/update', { Name: 'default' }),
  'GET /swarm/unlockkey': refused('GET', '/swarm/unlockkey'),
  'POST /swarm/unlock': refused('POST', '/swarm/unlock', '', { UnlockKey: 'x' }),
  'GET /nodes': refused('GET', '/nodes'),
  'GET /nodes/{id}': refused('GET', '/nodes/{id}'),
  'DELETE /nodes/{id}': refused('DELETE', '/nodes/{id}'),
  'POST /nodes/{id}/update': versioned('/nodes/{id}/update', { Role: 'manager' }),
  ...crud('services'),
  'GET /services/{id}/logs': refused('GET', '/services/{id}/logs', '?stdout=1'),
  'GET /tasks': refused('GET', '/tasks'),
  'GET /tasks/{id}': refused('GET', '/tasks/{id}'),
  'GET /tasks/{id}/logs': refused('GET', '/tasks/{id}/logs', '?stdout=1'),
  ...crud('secrets'),
  ...crud('configs'),
  'GET /plugins': { 200: async (w) => await w.get('/plugins'), 500: FAILURE },
  'GET /plugins/privileges': noRegistry,
  'POST /plugins/pull': noRegistry,
  'POST /plugins/create': noRegistry,
  'GET /plugins/{name}/json': gone('GET', '/plugins/{name}/json'),
  'DELETE /plugins/{name}': gone('DELETE', '/plugins/{name}'),
  'POST /plugins/{name}/enable': gone('POST', '/plugins/{name}/enable?timeout=1'),
  'POST /plugins/{name}/disable': gone('POST', '/plugins/{name}/disable'),
  'POST /plugins/{name}/upgrade': gone('POST', '/plugins/{name}/upgrade?remote=x', []),
  'POST /plugins/{name}/push': gone('POST', '/plugins/{name}/push'),
  'POST /plugins/{name}/set': gone('POST', '/plugins/{name}/set', ['A=b']),
};
