import { afterAll, beforeAll, expect, test } from 'bun:test';
import { connect } from 'node:net';
import { errnoOf } from '../../../src/lib/errors.ts';
import { openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
}, 120_000);
afterAll(async () => await world[Symbol.asyncDispose](), 60_000);

/** A request to a path as it stands, without a version before it. */
async function plain(method: string, path: string, init: { headers?: Record<string, string>; body?: string } = {}) {
  const response = await fetch(`http://d${path}`, { unix: world.engine.socket, method, ...init });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

/** The whole answer to bytes that are written as they are. Whoever answers before he has read all of them resets the connection. */
async function raw(text: string): Promise<string> {
  const socket = connect(world.engine.socket);
  socket.write(text);
  let answer = '';
  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) answer += chunk.toString();
  } catch (error) {
    if (errnoOf(error) !== 'ECONNRESET' || answer === '') throw error;
  }
  return answer;
}

const JSON_TYPE = { 'Content-Type': 'application/json' };
const CREATE = '{"Image":"busybox","Cmd":["true"]}';

test.each([
  ['GET', '/nonsense'],
  ['PUT', '/containers/json'],
  ['PATCH', '/containers/json'],
  ['HEAD', '/containers/json'],
  ['DELETE', '/version'],
  ['GET', '/v1.51'],
  ['GET', '/v1.51/'],
  ['POST', '/swarm/nonsense'],
  ['GET', '/containers/a/nonsense'],
])('%s %s is no page', async (method, path) => {
  const { status, text } = await plain(method, path);
  expect([status, text]).toEqual([404, method === 'HEAD' ? '' : '{"message":"page not found"}\n']);
});

test('OPTIONS of anything is fine', async () => {
  expect((await plain('OPTIONS', '/whatever')).status).toBe(200);
});

test.each([
  [
    '/v1.21/info',
    'client version 1.21 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version',
  ],
  ['/v1.52/info', 'client version 1.52 is too new. Maximum supported API version is 1.51'],
])('%s: %s', async (path, message) => {
  const { status, text } = await plain('GET', path);
  expect([status, JSON.parse(text)]).toEqual([400, { message }]);
});

test.each([
  ['POST', '/v1.24/containers/prune', '1.25'],
  ['POST', '/v1.24/volumes/prune', '1.25'],
  ['POST', '/v1.30/build/prune', '1.31'],
  ['GET', '/v1.29/distribution/x/json', '1.30'],
])('%s %s is refused before API %s', async (method, path, version) => {
  const { status, text } = await plain(method, path);
  const message = `${method} ${path.replace(/^\/v[\d.]+/, '')} requires minimum API version ${version}`;
  expect([status, JSON.parse(text)]).toEqual([400, { message }]);
});

test('a ping tells what clients ask for, with and without a body', async () => {
  for (const method of ['GET', 'HEAD']) {
    const { status, text, headers } = await plain(method, '/_ping');
    expect([status, text]).toEqual([200, method === 'GET' ? 'OK' : '']);
    expect(Object.fromEntries(headers)).toMatchObject({
      'api-version': '1.51',
      'builder-version': '1',
      'cache-control': 'no-cache, no-store, must-revalidate',
      'content-type': 'text/plain; charset=utf-8',
      'docker-experimental': 'false',
      ostype: 'linux',
      pragma: 'no-cache',
      server: 'Docker/28.3.0 (linux)',
      swarm: 'inactive',
    });
  }
});

test.each([
  ['no content type', {}, CREATE, 400, 'malformed Content-Type header (): mime: no media type'],
  [
    'another content type',
    { 'Content-Type': 'text/xml' },
    CREATE,
    400,
    "unsupported Content-Type header (text/xml): must be 'application/json'",
  ],
  ['a parameter of the content type', { 'Content-Type': 'application/json; charset=utf-8' }, CREATE, 201, undefined],
  ['half an object', JSON_TYPE, '{"Image":', 400, 'invalid JSON: '],
  ['nothing but space', JSON_TYPE, ' \n', 400, 'invalid JSON: got EOF while reading request body'],
  ['something behind the object', JSON_TYPE, `${CREATE} {}`, 400, 'invalid JSON: '],
  ['a list', JSON_TYPE, '[]', 400, 'invalid JSON: the request body must be an object'],
  [
    'a field of the wrong type',
    JSON_TYPE,
    '{"Image":5}',
    400,
    'invalid JSON: json: cannot unmarshal number into Go struct field CreateRequest.Image of type string',
  ],
  [
    'fields in another case, and unknown ones',
    JSON_TYPE,
    '{"image":"busybox","CMD":["true"],"nonsense":1}',
    201,
    undefined,
  ],
  ['no body', {}, '', 400, 'config cannot be empty in order to create a container'],
  ['null', JSON_TYPE, 'null', 400, 'config cannot be empty in order to create a container'],
  ['five megabytes', JSON_TYPE, `{"Image":"${'x'.repeat(5_000_000)}"}`, 400, 'request body too large'],
] as const)('a body of %s', async (_what, headers, body, status, message) => {
  const response = await fetch('http://d/containers/create', {
    unix: world.engine.socket,
    method: 'POST',
    headers,
    // bytes: a text would get a content type of its own
    body: new TextEncoder().encode(body),
  });
  const answer = (await response.json()) as { message?: string };
  expect(response.status).toBe(status);
  if (message !== undefined) expect(answer.message).toStartWith(message);
});

test('a body in chunks is read as one with a length', async () => {
  const size = CREATE.length.toString(16);
  const head = 'POST /containers/create HTTP/1.1\r\nHost: d\r\nConnection: close\r\nContent-Type: application/json\r\n';
  expect(await raw(`${head}Transfer-Encoding: chunked\r\n\r\n${size}\r\n${CREATE}\r\n0\r\n\r\n`)).toStartWith(
    'HTTP/1.1 201',
  );
});

test('a request that is none is refused, and the engine goes on', async () => {
  expect(await raw('NONSENSE\r\n\r\n')).toStartWith('HTTP/1.1 400');
  expect(await raw(`GET /${'x'.repeat(100_000)} HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n`)).toMatch(
    /^HTTP\/1.1 4\d\d/,
  );
  expect((await plain('GET', '/%zz')).status).toBe(404);
  expect((await plain('GET', '/containers/%zz/json')).status).toBe(400);
  expect((await plain('GET', '/_ping')).status).toBe(200);
});

test('an old client waits for the answer, a newer one gets its head at once', async () => {
  const id = await world.start();
  const early = new AbortController();
  const response = await fetch(`http://d/v1.30/containers/${id}/wait`, {
    unix: world.engine.socket,
    method: 'POST',
    signal: early.signal,
  });
  expect(response.status).toBe(200);
  early.abort();
  let answered = false;
  const old = plain('POST', `/v1.29/containers/${id}/wait?condition=nonsense`).then((answer) => {
    answered = true;
    return answer;
  });
  await plain('GET', '/_ping');
  expect(answered).toBe(false);
  await world.made(`/containers/${id}/kill`);
  expect(JSON.parse((await old).text)).toEqual({ StatusCode: 137 });
});

test('an old client that knows no pruning by kind loses named volumes too', async () => {
  for (const version of ['1.42', '1.41']) await world.made('/volumes/create', { Name: `named-${version}` });
  const pruned = async (version: string): Promise<readonly string[] | null> =>
    (JSON.parse((await plain('POST', `/v${version}/volumes/prune`)).text) as { VolumesDeleted: string[] | null })
      .VolumesDeleted;
  expect((await pruned('1.42')) ?? []).not.toContain('named-1.42');
  expect(await pruned('1.41')).toEqual(expect.arrayContaining(['named-1.42', 'named-1.41']));
});

test('a path of checkpoints is refused with the reason, and is no name of a link', async () => {
  for (const [method, path] of [
    ['GET', '/containers/any/checkpoints'],
    ['POST', '/containers/any/checkpoints'],
    ['DELETE', '/containers/any/checkpoints/one'],
  ] as const) {
    const { status, text } = await plain(method, path);
    expect([path, status, text]).toEqual([path, 501, expect.stringContaining('CRIU')]);
  }
});
