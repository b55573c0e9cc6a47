import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorCode, sha256, startTestRegistry, type TestRegistry } from '../registry.fake.ts';
import { parseBasic, parseHtpasswd } from './htpasswd.ts';
import { libtrustId } from './jwt.ts';

const folder = mkdtempSync(join(tmpdir(), 'skiff-auth-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function basic(name: string, password: string): Record<string, string> {
  return { Authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` };
}

describe('htpasswd', () => {
  const path = join(folder, 'htpasswd');
  const hash = (password: string): string =>
    Bun.password.hashSync(password, { algorithm: 'bcrypt', cost: 4 }).replace('$2b$', '$2y$');
  let registry: TestRegistry;
  beforeAll(async () => {
    writeFileSync(path, `# users\nalice:${hash('secret')}\n\nlong:${hash('p'.repeat(72))}\n`);
    registry = await startTestRegistry({ config: `auth: { htpasswd: { realm: "the \\"team\\"", path: "${path}" } }` });
  });
  afterAll(async () => await registry[Symbol.asyncDispose]());
  const status = async (headers: Record<string, string>, path = '/v2/'): Promise<number> =>
    (await registry.fetch(path, { headers })).status;

  test('asks for credentials with a quoted realm, and takes those of the file', async () => {
    const response = await registry.fetch('/v2/');
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Basic realm="the \\"team\\""']);
    expect(await errorCode(response)).toBe('UNAUTHORIZED');
    expect(await status(basic('alice', 'secret'))).toBe(200);
    expect(await status(basic('alice', 'secret'))).toBe(200);
    expect(await status(basic('long', `${'p'.repeat(72)}more`))).toBe(200);
  });

  test('refuses wrong, empty, unknown and malformed credentials on every path', async () => {
    for (const headers of [
      basic('alice', 'wrong'),
      basic('alice', ''),
      basic('bob', 'secret'),
      { Authorization: 'Basic !' },
      { Authorization: 'Bearer x' },
    ])
      for (const path of ['/v2/', '/v2/_catalog', '/v2/a/tags/list', '/metrics', '/'])
        expect(await status(headers, path)).toBe(401);
  });

  test('a changed password counts from the next request on', async () => {
    const own = join(folder, 'changing');
    writeFileSync(own, `carol:${hash('old')}\n`);
    await using other = await startTestRegistry({ config: `auth: { htpasswd: { realm: r, path: "${own}" } }` });
    const answer = async (password: string): Promise<number> =>
      (await other.fetch('/v2/', { headers: basic('carol', password) })).status;
    expect([await answer('old'), await answer('new')]).toEqual([200, 401]);
    writeFileSync(own, `carol:${hash('new')}\n`);
    expect([await answer('old'), await answer('new')]).toEqual([401, 200]);
  });

  test('with anonymous reading nobody in particular pulls and lists, and only users push', async () => {
    await using open = await startTestRegistry({
      config: `auth: { htpasswd: { realm: r, path: "${path}" } }\nskiff: { anonymousread: true }`,
    });
    const post = async (headers: Record<string, string>): Promise<number> =>
      (await open.fetch(`/v2/a/blobs/uploads/?digest=${sha256('x')}`, { method: 'POST', body: 'x', headers })).status;
    expect([await post({}), await post(basic('alice', 'no')), await post(basic('alice', 'secret'))]).toEqual([
      401, 401, 201,
    ]);
    expect(await (await open.fetch(`/v2/a/blobs/${sha256('x')}`)).text()).toBe('x');
    expect((await open.fetch('/v2/_catalog')).status).toBe(200);
    expect((await open.fetch('/v2/_catalog', { headers: basic('alice', 'wrong') })).status).toBe(401);
    expect((await open.fetch('/v2/')).headers.get('www-authenticate')).toBe(
      `Bearer realm="${open.url}/token",service="r"`,
    );
  });

  test('with anonymous reading the registry gives out tokens: for pulling to everybody, for everything to users', async () => {
    await using open = await startTestRegistry({
      config: `auth: { htpasswd: { realm: r, path: "${path}" } }\nskiff: { anonymousread: true }`,
    });
    const tokenFor = async (headers: Record<string, string>, scope: string): Promise<string | undefined> => {
      const response = await open.fetch(`/token?service=r&scope=${encodeURIComponent(scope)}`, { headers });
      return response.status === 200 ? ((await response.json()) as { token: string }).token : undefined;
    };
    const push = async (token: string | undefined, name = 'a'): Promise<number> => {
      const headers = { Authorization: `Bearer ${token}` };
      return (await open.fetch(`/v2/${name}/blobs/uploads/`, { method: 'POST', headers })).status;
    };
    const scope = 'repository:a:pull,push';
    expect(await tokenFor(basic('alice', 'wrong'), scope)).toBeUndefined();
    const [nobody, alice] = [await tokenFor({}, scope), await tokenFor(basic('alice', 'secret'), scope)];
    expect([await push(nobody), await push(alice), await push(alice, 'b'), await push('x.y.z')]).toEqual([
      401, 202, 401, 401,
    ]);
    const list = async (token: string | undefined): Promise<number> =>
      (await open.fetch('/v2/a/tags/list', { headers: { Authorization: `Bearer ${token}` } })).status;
    expect([await list(nobody), await list(alice)]).toEqual([200, 200]);
  });

  test('neither passwords nor the header come into the log', async () => {
    await status(basic('alice', 'very-private'));
    expect(registry.lines.join('')).toContain('http.response.status=401');
    expect(registry.lines.join('')).not.toContain('very-private');
    expect(registry.lines.join('')).not.toContain(Buffer.from('alice:very-private').toString('base64'));
  });

  test('only bcrypt hashes are taken', () => {
    expect(() => parseHtpasswd('a:{SHA}xyz')).toThrow('line 1');
    expect(() => parseHtpasswd('# x\na:$apr1$x$y')).toThrow('line 2');
    expect(parseBasic('basic YTpiOmM=')).toEqual({ name: 'a', password: 'b:c' });
  });
});

describe('token', () => {
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwks = join(folder, 'jwks.json');
  let registry: TestRegistry;
  beforeAll(async () => {
    const keys = [{ ...ec.publicKey.export({ format: 'jwk' }), kid: 'main' }, rsa.publicKey.export({ format: 'jwk' })];
    writeFileSync(jwks, JSON.stringify({ keys }));
    registry = await startTestRegistry({
      config: `auth: { token: { realm: "https://auth/token", service: reg, issuer: me, jwks: "${jwks}" } }`,
    });
  });
  afterAll(async () => await registry[Symbol.asyncDispose]());

  const claims = (more: object = {}): object => ({
    iss: 'me',
    aud: 'reg',
    sub: 'alice',
    exp: Date.now() / 1000 + 300,
    access: [{ type: 'repository', name: 'team/app', actions: ['pull', 'push'] }],
    ...more,
  });
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const token = (
    payload: object,
    header: object = { alg: 'ES256', kid: 'main' },
    key: KeyObject = ec.privateKey,
  ): string => {
    const data = `${encode(header)}.${encode(payload)}`;
    return `${data}.${sign('sha256', Buffer.from(data), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
  };
  const ask = async (bearer: string, path = '/v2/team/app/tags/list', method = 'GET'): Promise<Response> =>
    await registry.fetch(path, { method, headers: { Authorization: `Bearer ${bearer}` } });

  test('asks for a token with realm, service and the scope that is needed', async () => {
    const challenge = async (path: string, method = 'GET'): Promise<string | null> =>
      (await registry.fetch(path, { method })).headers.get('www-authenticate');
    expect(await challenge('/v2/')).toBe('Bearer realm="https://auth/token",service="reg"');
    expect(await challenge('/v2/team/app/blobs/uploads/', 'POST')).toBe(
      'Bearer realm="https://auth/token",service="reg",scope="repository:team/app:pull,push"',
    );
    expect(await challenge('/v2/team/app/manifests/v1', 'DELETE')).toContain('scope="repository:team/app:delete"');
    expect(await challenge('/v2/_catalog')).toContain('scope="registry:catalog:*"');
  });

  test('takes tokens of its keys, named by kid, by libtrust id, or not at all', async () => {
    for (const header of [
      { alg: 'ES256', kid: 'main' },
      { alg: 'ES256', kid: libtrustId(ec.publicKey) },
      { alg: 'ES256' },
    ])
      expect((await ask(token(claims(), header))).status).toBe(404);
    expect((await ask(token(claims(), { alg: 'RS256' }, rsa.privateKey))).status).toBe(404);
    expect((await ask(token(claims({ aud: ['x', 'reg'] })))).status).toBe(404);
  });

  test('refuses what is forged, expired, early, for others, or has no algorithm', async () => {
    const now = Date.now() / 1000;
    const pem = ec.publicKey.export({ type: 'spki', format: 'pem' });
    const hs = `${encode({ alg: 'HS256', kid: 'main' })}.${encode(claims())}`;
    const bad: readonly (readonly [string, string])[] = [
      ['a stranger’s key', token(claims(), { alg: 'ES256' }, stranger.privateKey)],
      ['a stranger’s key under our name', token(claims(), { alg: 'ES256', kid: 'main' }, stranger.privateKey)],
      ['an unknown name', token(claims(), { alg: 'ES256', kid: 'other' })],
      ['expired', token(claims({ exp: now - 120 }))],
      ['no end', token(claims({ exp: undefined }))],
      ['not yet', token(claims({ nbf: now + 300 }))],
      ['another issuer', token(claims({ iss: 'you' }))],
      ['another audience', token(claims({ aud: 'other' }))],
      ['no algorithm', `${encode({ alg: 'none' })}.${encode(claims())}.`],
      ['the public key as a secret', `${hs}.${createHmac('sha256', pem).update(hs).digest('base64url')}`],
      ['changed claims', token(claims()).replace(/\.[^.]+\./, `.${encode(claims({ sub: 'root' }))}.`)],
      ['two parts', 'a.b'],
    ];
    for (const [what, text] of bad) {
      const response = await ask(text);
      expect([what, response.status]).toEqual([what, 401]);
      expect(response.headers.get('www-authenticate')).toContain('error="invalid_token"');
    }
  });

  test('grants what the token says and nothing else', async () => {
    const other = await ask(token(claims()), '/v2/team/other/tags/list');
    expect([other.status, other.headers.get('www-authenticate')?.includes('error="insufficient_scope"')]).toEqual([
      401,
      true,
    ]);
    expect((await ask(token(claims()), '/v2/team/app/manifests/v1', 'DELETE')).status).toBe(401);
    expect((await ask(token(claims()), '/v2/_catalog')).status).toBe(401);
    expect(
      (await ask(token(claims({ access: [{ type: 'registry', name: 'catalog', actions: ['*'] }] })), '/v2/_catalog'))
        .status,
    ).toBe(200);
    expect((await ask(token(claims({ access: [] })), '/v2/')).status).toBe(200);
    expect((await ask(token(claims({ access: 'all' })))).status).toBe(401);
  });

  test('a mount from a repository the token may not read becomes an upload', async () => {
    const push = async (name: string): Promise<Response> =>
      await registry.fetch(`/v2/${name}/blobs/uploads/?digest=${sha256('m')}`, {
        method: 'POST',
        body: 'm',
        headers: {
          Authorization: `Bearer ${token(claims({ access: [{ type: 'repository', name, actions: ['pull', 'push'] }] }))}`,
        },
      });
    expect((await push('secret/app')).status).toBe(201);
    const mount = `/v2/team/app/blobs/uploads/?mount=${sha256('m')}&from=secret/app`;
    expect((await ask(token(claims()), mount, 'POST')).status).toBe(202);
    const both = claims({
      access: ['team/app', 'secret/app'].map((name) => ({ type: 'repository', name, actions: ['pull', 'push'] })),
    });
    expect((await ask(token(both), mount, 'POST')).status).toBe(201);
  });
});

describe('token signed by a certificate’s holder', () => {
  test('a chain to a root of rootcertbundle is trusted, another is not', async () => {
    const make = (name: string, issuer?: string): void => {
      const key = [
        'openssl',
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
      ];
      const signer = issuer
        ? [
            '-CA',
            join(folder, `${issuer}.pem`),
            '-CAkey',
            join(folder, `${issuer}.key`),
            '-addext',
            'basicConstraints=CA:FALSE',
          ]
        : [];
      const made = Bun.spawnSync([
        ...key,
        ...signer,
        '-subj',
        `/CN=${name}`,
        '-keyout',
        join(folder, `${name}.key`),
        '-out',
        join(folder, `${name}.pem`),
      ]);
      if (made.exitCode !== 0) throw new Error(made.stderr.toString());
    };
    make('root');
    make('leaf', 'root');
    make('other');
    await using registry = await startTestRegistry({
      config: `auth: { token: { realm: "https://auth", service: reg, issuer: me, rootcertbundle: "${join(folder, 'root.pem')}" } }`,
    });
    const ask = async (name: string): Promise<number> => {
      const pem = await Bun.file(join(folder, `${name}.pem`)).text();
      const x5c = [pem.replace(/-----[^-]+-----|\s/g, '')];
      const body = { iss: 'me', aud: 'reg', exp: Date.now() / 1000 + 60 };
      const data = [{ alg: 'ES256', x5c }, body]
        .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
        .join('.');
      const key = await Bun.file(join(folder, `${name}.key`)).text();
      const signature = sign('sha256', Buffer.from(data), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url');
      return (await registry.fetch('/v2/', { headers: { Authorization: `Bearer ${data}.${signature}` } })).status;
    };
    expect([await ask('leaf'), await ask('root'), await ask('other')]).toEqual([200, 200, 401]);
  });
});
