import { KnownError } from '../../lib/errors.ts';
import type { Call, Route } from '../route.ts';

/** What an engine outside a swarm says to who asks for something of a swarm. */
export const NO_MANAGER =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';
const NO_SWARM = 'This node is not part of a swarm';
const NEVER = 'Swarm is not supported by this engine: this node cannot become part of a swarm';

/** Endpoints that only read, or take no body. */
const PLAIN = [
  'GET /swarm',
  'GET /swarm/unlockkey',
  'GET /nodes',
  'GET /nodes/{id}',
  'DELETE /nodes/{id}',
  'GET /services',
  'GET /services/{id}',
  'DELETE /services/{id}',
  'GET /services/{id}/logs',
  'GET /tasks',
  'GET /tasks/{id}',
  'GET /tasks/{id}/logs',
  'GET /configs',
  'GET /configs/{id}',
  'DELETE /configs/{id}',
];
const WITH_BODY = ['POST /swarm/unlock', 'POST /services/create', 'POST /configs/create'];
/** With what an object is called whose version is missing. */
const WITH_VERSION: Readonly<Record<string, string>> = {
  'POST /swarm/update': 'swarm',
  'POST /nodes/{id}/update': 'node',
  'POST /services/{id}/update': 'service',
  'POST /secrets/{id}/update': 'secret',
  'POST /configs/{id}/update': 'config',
};

/**
 * Swarm's endpoints as an engine outside a swarm answers them: 503. What is wrong with a request itself is said first.
 * Joining one is what this engine cannot do, and says so.
 */
export function swarmRoutes(): readonly Route[] {
  return [
    ...PLAIN.map((text) => refuse(text, NO_MANAGER)),
    ...WITH_BODY.map((text) => refuse(text, NO_MANAGER, readBody)),
    ...Object.entries(WITH_VERSION).map(([text, noun]) => refuse(text, NO_MANAGER, readVersioned(noun))),
    refuse('POST /swarm/leave', NO_SWARM),
    refuse('POST /swarm/init', NEVER, readBody),
    refuse('POST /swarm/join', NEVER, readBody),
    refuse('PUT /volumes/{id}', 'volume update only valid for cluster volumes, but swarm is unavailable'),
  ];
}

function refuse(text: string, message: string, read: (call: Call) => Promise<void> = async () => undefined): Route {
  const [method = '', path = ''] = text.split(' ');
  return {
    method: method as Route['method'],
    path,
    async handle(call) {
      await read(call);
      throw new KnownError('unavailable', message);
    },
  };
}

async function readBody(call: Call): Promise<void> {
  await call.json();
}

function readVersioned(noun: string): (call: Call) => Promise<void> {
  return async (call) => {
    await call.json();
    const version = call.query.get('version') ?? '';
    if (!/^\d{1,20}$/.test(version))
      throw new KnownError(
        'invalid_parameter',
        `invalid ${noun} version '${version.slice(0, 20)}': strconv.ParseUint: parsing "${version.slice(0, 20)}": invalid syntax`,
      );
  };
}
