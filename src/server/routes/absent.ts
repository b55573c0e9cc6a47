import { KnownError } from '../../lib/errors.ts';
import type { Route } from '../route.ts';

/** Documented endpoints of API 1.51 that this engine does not serve yet. They come last: what is served stands before them. */
const ABSENT = [
  'POST /session',
  'POST /grpc',
  'GET /containers/{name}/attach/ws',
  'GET /plugins/privileges',
  'POST /plugins/pull',
  'POST /plugins/create',
  'GET /plugins/{name}/json',
  'DELETE /plugins/{name}',
  'POST /plugins/{name}/enable',
  'POST /plugins/{name}/disable',
  'POST /plugins/{name}/upgrade',
  'POST /plugins/{name}/push',
  'POST /plugins/{name}/set',
];
const SWARM = ['nodes', 'swarm', 'services', 'tasks', 'secrets', 'configs'];
/** What an engine outside a swarm says to who asks for something of a swarm. */
export const NO_SWARM =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';
const METHODS = ['GET', 'POST', 'DELETE'] as const;

export function absentRoutes(): readonly Route[] {
  const refuse = (method: string, path: string, error: KnownError): Route => ({
    method: method as Route['method'],
    path,
    handle: () => Promise.reject(error),
  });
  const absent = ABSENT.map((text) => {
    const [method = '', path = ''] = text.split(' ');
    return refuse(method, path, new KnownError('not_implemented', `${text} is not supported by this engine yet`));
  });
  const swarm = SWARM.flatMap((noun) =>
    METHODS.flatMap((method) =>
      [`/${noun}`, `/${noun}/{rest*}`].map((path) => refuse(method, path, new KnownError('unavailable', NO_SWARM))),
    ),
  );
  return [...absent, ...swarm];
}
