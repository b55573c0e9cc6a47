import { describe, expect, test } from 'bun:test';
import { KnownError } from '../../lib/errors.ts';
import type { Call, Route } from '../route.ts';
import { guard } from './guard.ts';
import type { AccessLookups, AccessPolicy } from './policy.ts';

type Body = Readonly<Record<string, unknown>>;

const OBJECTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'container web': { team: 'web' },
  'container db': { team: 'db' },
  'container plain': {},
  'network front': { team: 'web' },
  'network back': { team: 'db' },
  'volume data': { team: 'web' },
  'volume other': { team: 'db' },
  'image busybox': {},
  'exec e1': { team: 'web' },
  'exec e2': { team: 'db' },
};

const lookups: AccessLookups = {
  async find(kind, name) {
    const labels = OBJECTS[`${kind} ${name}`];
    if (!labels) throw lookups.absent(kind, name);
    return { id: `id of ${name}`, labels };
  },
  absent: (kind, name) => new KnownError('not_found', `No such ${kind}: ${name}`),
};

const WEB: AccessPolicy = { allow: 'all', label: { key: 'team', value: 'web' } };
const WEB_READ: AccessPolicy = { ...WEB, allow: 'read' };
const READ: AccessPolicy = { allow: 'read', label: undefined };

async function ask(
  policy: AccessPolicy,
  request: string,
  more: { readonly params?: Record<string, string>; readonly query?: string; readonly body?: Body } = {},
): Promise<Call> {
  const [method, path] = request.split(' ') as [Route['method'], string];
  const { params = {}, query = '', body = {} } = more;
  const call = { params, query: new URLSearchParams(query), json: async () => body } as unknown as Call;
  return await guard(policy, { method, path }, call, lookups);
}

const CREATE = 'POST /containers/create';

describe('a listener for reading', () => {
  test.each(['GET /containers/json', 'GET /info', 'GET /events', 'GET /system/df', 'POST /containers/{name}/wait'])(
    'allows %s',
    async (request) => {
      await ask(READ, request, { params: { name: 'db' } });
    },
  );

  test.each([
    CREATE,
    'DELETE /containers/{name}',
    'POST /containers/{name}/exec',
    'GET /containers/{name}/attach/ws',
    'GET /containers/{name}/archive',
    'GET /containers/{name}/export',
    'GET /images/{name*}/get',
    'POST /build',
    'POST /images/create',
    'POST /auth',
    'GET /something/new',
  ])('refuses %s', async (request) => {
    await expect(ask(READ, request, { params: { name: 'web' } })).rejects.toThrow('this listener does not allow');
  });
});

describe('a listener for a label', () => {
  test('lists by its label, beside the filters of the request in both of their forms', async () => {
    const filters = async (query: string) =>
      JSON.parse((await ask(WEB_READ, 'GET /containers/json', { query })).query.get('filters') ?? '') as unknown;
    expect(await filters('all=1')).toEqual({ label: ['team=web'] });
    expect(await filters('filters={"label":["a"],"status":["exited"]}')).toEqual({
      label: ['a', 'team=web'],
      status: ['exited'],
    });
    expect(await filters('filters={"label":{"a=b":true}}')).toEqual({ label: ['a=b', 'team=web'] });
    await expect(filters('filters=[')).rejects.toThrow('invalid filter');
  });

  test('names what it sees by id, and knows nothing of the rest', async () => {
    const { params } = await ask(WEB, 'POST /containers/{name}/stop', { params: { name: 'web' } });
    expect(params).toEqual({ name: 'id of web' });
    for (const [request, params] of [
      ['POST /containers/{name}/stop', { name: 'db' }],
      ['GET /containers/{name}/json', { name: 'plain' }],
      ['DELETE /networks/{id*}', { id: 'back' }],
      ['GET /volumes/{name}', { name: 'other' }],
      ['POST /exec/{id}/start', { id: 'e2' }],
      ['GET /images/{name*}/json', { name: 'busybox' }],
      ['GET /containers/{name}/json', { name: 'nothing' }],
    ] as const)
      await expect(ask(WEB, request, { params })).rejects.toThrow('No such');
  });

  test('connects its own containers to its own networks only', async () => {
    const connect = async (id: string, Container: string) =>
      await (await ask(WEB, 'POST /networks/{id}/connect', { params: { id }, body: { Container } })).json();
    expect(await connect('front', 'web')).toEqual({ Container: 'id of web' });
    await expect(connect('front', 'db')).rejects.toThrow('No such container: db');
    await expect(connect('back', 'web')).rejects.toThrow('No such network: back');
  });

  test.each([CREATE, 'POST /networks/create', 'POST /volumes/create'])('%s gives the label', async (request) => {
    const body = { Image: 'busybox', Labels: { a: 'b', team: 'mine' } };
    expect(await (await ask(WEB, request, { body })).json()).toEqual({
      Image: 'busybox',
      Labels: { a: 'b', team: 'web' },
    });
  });

  test('does not tell of the disk, which is everybody’s', async () => {
    await expect(ask(WEB_READ, 'GET /system/df')).rejects.toThrow('does not allow GET /system/df');
  });
});

describe('a container of such a listener', () => {
  test.each([
    {},
    { Memory: 1, Privileged: false, Binds: null, Devices: [], CapDrop: ['ALL'], RestartPolicy: { Name: 'always' } },
    { Binds: ['data:/d:ro'], NetworkMode: 'front', IpcMode: 'private' },
    {
      Mounts: [
        { Type: 'volume', Source: 'data' },
        { Type: 'tmpfs', Target: '/t' },
        { Type: 'volume', Target: '/a' },
      ],
    },
    { NetworkMode: 'container:web', VolumesFrom: ['web:ro'] },
    { PortBindings: { '80/tcp': [{ HostPort: '80' }] }, SecurityOpt: ['no-new-privileges'], MaskedPaths: null },
  ])('may be %j', async (HostConfig) => {
    await ask(WEB, CREATE, { body: { HostConfig } });
  });

  test.each([
    [{ Privileged: true }, 'Privileged'],
    [{ Binds: ['/:/host'] }, 'the bind /:/host'],
    [{ Binds: ['./x:/host'] }, 'the bind ./x:/host'],
    [{ Mounts: [{ Type: 'bind', Source: '/', Target: '/x' }] }, 'a mount of type bind'],
    [{ Mounts: [{ Type: 'volume', VolumeOptions: { DriverConfig: { Options: { o: 'bind' } } } }] }, 'a volume driver'],
    [{ CapAdd: ['SYS_ADMIN'] }, 'CapAdd'],
    [{ Devices: [{ PathOnHost: '/dev/sda' }] }, 'Devices'],
    [{ DeviceCgroupRules: ['a *:* rwm'] }, 'DeviceCgroupRules'],
    [{ PidMode: 'host' }, 'PidMode host'],
    [{ PidMode: 'container:web' }, 'PidMode container:web'],
    [{ UsernsMode: 'host' }, 'UsernsMode host'],
    [{ NetworkMode: 'host' }, 'the network of the host'],
    [{ SecurityOpt: ['seccomp=unconfined'] }, 'the security option seccomp=unconfined'],
    [{ SecurityOpt: ['no-new-privileges=false'] }, 'the security option'],
    [{ MaskedPaths: [] }, 'MaskedPaths'],
    [{ Runtime: 'mine' }, 'Runtime'],
    [{ CgroupParent: '/' }, 'CgroupParent'],
    [{ LogConfig: { Type: 'syslog' } }, 'the log driver syslog'],
    [{ SomethingNew: 1 }, 'SomethingNew'],
    [{ Binds: ['fresh:/d'] }, 'the volume fresh: create it first'],
  ])('may not have %j', async (HostConfig, what) => {
    await expect(ask(WEB, CREATE, { body: { HostConfig } })).rejects.toThrow(`this listener does not allow ${what}`);
  });

  test.each([
    { HostConfig: { NetworkMode: 'back' } },
    { HostConfig: { NetworkMode: 'container:db' } },
    { HostConfig: { VolumesFrom: ['db'] } },
    { NetworkingConfig: { EndpointsConfig: { back: {} } } },
  ])('has nothing to do with what it does not see: %j', async (body) => {
    await expect(ask(WEB, CREATE, { body })).rejects.toThrow('this listener does not allow the');
  });

  test.each([
    ['POST /networks/create', { Driver: 'macvlan' }],
    ['POST /networks/create', { Options: { parent: 'eth0' } }],
    ['POST /volumes/create', { DriverOpts: { type: 'none', o: 'bind', device: '/' } }],
    ['POST /volumes/create', { Driver: 'x' }],
    ['POST /containers/{name}/exec', { Privileged: true }],
  ] as const)('%s with %j is refused', async (request, body) => {
    const params = { name: 'web' };
    await expect(ask(WEB, request, { params, body })).rejects.toThrow('this listener does not allow');
  });
});
