import { tarOf } from '../../../fixtures/images.ts';
import { type Cases, FAILURE, sick } from '../cases.ts';
import type { Answer, World } from '../world.ts';

const filters = (value: object): string => `filters=${encodeURIComponent(JSON.stringify(value))}`;
const BAD_FILTER = filters({ nonsense: ['x'] });
const CONFIG = { Image: 'busybox', Cmd: ['true'] };

/** `missing` answers 404 to a request for a container that does not exist. */
const missing = (method: string, path: string, body?: object) => async (w: World) =>
  await w.ask(method, `/containers/nosuch${path}`, body && { body });

export const CONTAINER: Cases = {
  'GET /containers/json': {
    200: [
      async (w) => await w.get('/containers/json'),
      async (w) => {
        await w.create(FULL);
        return await w.get('/containers/json?all=1&size=1');
      },
      async (w) => await w.get(`/containers/json?limit=1&${filters({ status: ['running', 'created'] })}`),
    ],
    400: [
      async (w) => await w.get(`/containers/json?${BAD_FILTER}`),
      async (w) => await w.get('/containers/json?filters=nonsense'),
      async (w) => await w.get(`/containers/json?${filters({ status: ['asleep'] })}`),
      async (w) => await w.get(`/containers/json?${filters({ health: ['fine'] })}`),
      async (w) => await w.get(`/containers/json?${filters({ exited: ['x'] })}`),
      async (w) => await w.get(`/containers/json?${filters({ 'is-task': ['perhaps'] })}`),
      async (w) => await w.get(`/containers/json?${filters({ publish: ['x'] })}`),
      async (w) => await w.get('/containers/json?limit=x'),
    ],
    500: FAILURE,
  },
  'POST /containers/create': {
    201: async (w) => await w.post(`/containers/create?name=${w.fresh()}`, CONFIG),
    400: [
      async (w) => await w.post('/containers/create', {}),
      async (w) => await w.post('/containers/create', { ...CONFIG, Cmd: 1 }),
      async (w) => await w.ask('POST', '/containers/create', { body: JSON.stringify(CONFIG) }),
      async (w) => await w.post('/containers/create?name=not/a/name', CONFIG),
    ],
    404: async (w) => await w.post('/containers/create', { ...CONFIG, Image: 'nosuch' }),
    409: async (w) => {
      const name = w.fresh();
      await w.made(`/containers/create?name=${name}`, CONFIG);
      return await w.post(`/containers/create?name=${name}`, CONFIG);
    },
    500: sick(async (w) => await w.post('/containers/create', CONFIG)),
  },
  'GET /containers/{id}/json': {
    200: [
      async (w) => await w.get(`/containers/${w.running}/json?size=1`),
      async (w) => await w.get(`/containers/${w.idle}/json`),
      async (w) => await w.get(`/containers/${await w.create(FULL)}/json`),
      async (w) =>
        await w.get(
          `/containers/${await w.create({ HostConfig: { PidMode: 'host' }, MacAddress: '02:42:ac:11:00:09' })}/json`,
        ),
      probed,
      async (w) => {
        const settings = { IPAMConfig: { IPv4Address: '10.217.8.9' }, Aliases: ['x'], MacAddress: '02:42:ac:11:00:10' };
        const network = w.fresh();
        await w.made('/networks/create', { Name: network, IPAM: { Config: [{ Subnet: '10.217.8.0/24' }] } });
        const id = await w.create({
          HostConfig: { NetworkMode: network },
          NetworkingConfig: { EndpointsConfig: { [network]: settings } },
        });
        const answer = await w.get(`/containers/${id}/json`);
        await w.ask('DELETE', `/containers/${id}`);
        await w.ask('DELETE', `/networks/${network}`);
        return answer;
      },
    ],
    404: missing('GET', '/json'),
    500: FAILURE,
  },
  'GET /containers/{id}/top': {
    200: [
      async (w) => await w.get(`/containers/${w.running}/top`),
      async (w) => await w.get(`/containers/${w.running}/top?ps_args=aux`),
    ],
    404: missing('GET', '/top'),
    500: async (w) => await w.get(`/containers/${w.running}/top?ps_args=--nonsense`),
  },
  'GET /containers/{id}/logs': {
    200: async (w) => await w.get(`/containers/${w.running}/logs?stdout=1&stderr=1&timestamps=1&tail=5`),
    404: missing('GET', '/logs?stdout=1'),
    500: FAILURE,
  },
  'GET /containers/{id}/changes': {
    200: async (w) => {
      const id = await w.create();
      await w.ask('PUT', `/containers/${id}/archive?path=/`, { body: tarOf({ 'new-file': 'x' }) });
      return await w.get(`/containers/${id}/changes`);
    },
    404: missing('GET', '/changes'),
    500: FAILURE,
  },
  'GET /containers/{id}/export': {
    200: async (w) => await w.get(`/containers/${w.idle}/export`),
    404: missing('GET', '/export'),
    500: FAILURE,
  },
  'GET /containers/{id}/stats': {
    200: [
      async (w) => await w.get(`/containers/${w.running}/stats?stream=0&one-shot=1`),
      async (w) => await w.get(`/containers/${w.running}/stats?stream=0`),
      async (w) => await w.ask('GET', `/containers/${w.running}/stats`, { firstLine: true }),
      async (w) => await w.get(`/containers/${w.idle}/stats?stream=0`),
      statsOfLimited,
    ],
    404: missing('GET', '/stats?stream=0'),
    500: FAILURE,
  },
  'POST /containers/{id}/resize': {
    200: async (w) => await w.post(`/containers/${await w.start({ Tty: true })}/resize?h=30&w=100`),
    404: missing('POST', '/resize?h=30&w=100'),
    500: FAILURE,
  },
  'POST /containers/{id}/start': {
    204: async (w) => await w.post(`/containers/${await w.create()}/start`),
    304: async (w) => await w.post(`/containers/${w.running}/start`),
    404: missing('POST', '/start'),
    500: async (w) => {
      const port = { PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: w.registry.split(':')[1] }] } };
      return await w.post(`/containers/${await w.create({ ExposedPorts: { '80/tcp': {} }, HostConfig: port })}/start`);
    },
  },
  'POST /containers/{id}/stop': {
    204: async (w) => await w.post(`/containers/${await w.start()}/stop?t=0&signal=SIGKILL`),
    304: async (w) => await w.post(`/containers/${w.idle}/stop`),
    404: missing('POST', '/stop'),
    500: FAILURE,
  },
  'POST /containers/{id}/restart': {
    204: async (w) => await w.post(`/containers/${await w.start()}/restart?t=0`),
    404: missing('POST', '/restart'),
    500: FAILURE,
  },
  'POST /containers/{id}/kill': {
    204: async (w) => await w.post(`/containers/${await w.start()}/kill?signal=KILL`),
    404: missing('POST', '/kill'),
    409: async (w) => await w.post(`/containers/${w.idle}/kill`),
    500: FAILURE,
  },
  'POST /containers/{id}/update': {
    200: async (w) =>
      await w.post(`/containers/${await w.start()}/update`, { CpuShares: 512, RestartPolicy: { Name: 'always' } }),
    404: missing('POST', '/update', { CpuShares: 512 }),
    500: sick(async (w) => await w.post(`/containers/${w.running}/update`, { CpuShares: 256 })),
  },
  'POST /containers/{id}/rename': {
    204: async (w) => await w.post(`/containers/${await w.create()}/rename?name=${w.fresh()}`),
    404: missing('POST', '/rename?name=other'),
    409: async (w) => {
      const name = w.fresh();
      await w.made(`/containers/create?name=${name}`, CONFIG);
      return await w.post(`/containers/${w.idle}/rename?name=${name}`);
    },
    500: sick(async (w) => await w.post(`/containers/${w.idle}/rename?name=${w.fresh()}`)),
  },
  'POST /containers/{id}/pause': {
    204: async (w) => {
      const id = await w.start();
      const answer = await w.post(`/containers/${id}/pause`);
      await w.made(`/containers/${id}/unpause`);
      return answer;
    },
    404: missing('POST', '/pause'),
    500: sick(async (w) => await w.post(`/containers/${w.running}/pause`)),
  },
  'POST /containers/{id}/unpause': {
    204: async (w) => {
      const id = await w.start();
      await w.made(`/containers/${id}/pause`);
      return await w.post(`/containers/${id}/unpause`);
    },
    404: missing('POST', '/unpause'),
    500: FAILURE,
  },
  'POST /containers/{id}/attach': {
    101: async (w) => await w.upgrade(`/containers/${w.running}/attach?stream=1&stdout=1&stderr=1&stdin=1`),
    200: async (w) => await w.post(`/containers/${w.running}/attach?logs=1&stdout=1`),
    400: async (w) => await w.upgrade(`/containers/${w.running}/attach?stream=1&stdout=1&detachKeys=ctrl-nonsense`),
    404: [
      async (w) => await w.upgrade('/containers/nosuch/attach?stream=1&stdout=1'),
      missing('POST', '/attach?stream=1&stdout=1'),
    ],
    500: FAILURE,
  },
  'GET /containers/{id}/attach/ws': {
    101: async (w) => await w.upgrade(`/containers/${w.running}/attach/ws?stream=1&stdout=1`, WEBSOCKET, 'GET'),
    200: 'a websocket that opens is a 101: the definition names the 200 of POST /containers/{id}/attach again',
    400: [
      async (w) =>
        await w.upgrade(`/containers/${w.running}/attach/ws?stream=1&detachKeys=ctrl-nonsense`, WEBSOCKET, 'GET'),
      async (w) => await w.get(`/containers/${w.running}/attach/ws?stream=1`),
    ],
    404: async (w) => await w.upgrade('/containers/nosuch/attach/ws?stream=1', WEBSOCKET, 'GET'),
    500: FAILURE,
  },
  'POST /containers/{id}/wait': {
    200: [
      async (w) => await w.post(`/containers/${w.idle}/wait`),
      async (w) => {
        const id = await w.start({ Cmd: ['false'] });
        return await w.post(`/containers/${id}/wait?condition=not-running`);
      },
    ],
    400: async (w) => await w.post(`/containers/${w.idle}/wait?condition=nonsense`),
    404: missing('POST', '/wait'),
    500: FAILURE,
  },
  'DELETE /containers/{id}': {
    204: async (w) => await w.ask('DELETE', `/containers/${await w.start()}?force=1&v=1`),
    400: async (w) => {
      // seventeen ids cannot all begin differently
      for (let at = 0; at < 17; at++) await w.create();
      const ids = (JSON.parse((await w.get('/containers/json?all=1')).text) as { Id: string }[]).map(
        ({ Id }) => Id[0] ?? '',
      );
      const twice = ids.find((first, at) => ids.indexOf(first) !== at);
      return await w.ask('DELETE', `/containers/${twice}`);
    },
    404: missing('DELETE', ''),
    409: async (w) => await w.ask('DELETE', `/containers/${w.running}`),
    500: FAILURE,
  },
  'HEAD /containers/{id}/archive': {
    200: async (w) => await w.ask('HEAD', `/containers/${w.idle}/archive?path=/bin`),
    400: async (w) => await w.ask('HEAD', `/containers/${w.idle}/archive`),
    404: [
      missing('HEAD', '/archive?path=/bin'),
      async (w) => await w.ask('HEAD', `/containers/${w.idle}/archive?path=/nosuch`),
    ],
    500: FAILURE,
  },
  'GET /containers/{id}/archive': {
    200: async (w) => await w.get(`/containers/${w.idle}/archive?path=/bin/sh`),
    400: async (w) => await w.get(`/containers/${w.idle}/archive`),
    404: [missing('GET', '/archive?path=/bin'), async (w) => await w.get(`/containers/${w.idle}/archive?path=/nosuch`)],
    500: FAILURE,
  },
  'PUT /containers/{id}/archive': {
    200: async (w) =>
      await w.ask('PUT', `/containers/${await w.create()}/archive?path=/tmp`, { body: tarOf({ a: 'x' }) }),
    400: [
      async (w) => await w.ask('PUT', `/containers/${w.idle}/archive`, { body: tarOf({ a: 'x' }) }),
      async (w) => await w.ask('PUT', `/containers/${w.idle}/archive?path=/bin/sh`, { body: tarOf({ a: 'x' }) }),
    ],
    403: 'Docker 28 answers 400 where the root file system or the volume is read-only, against its definition; so do we',
    404: async (w) => await w.ask('PUT', '/containers/nosuch/archive?path=/tmp', { body: tarOf({ a: 'x' }) }),
    500: FAILURE,
  },
  'POST /containers/prune': {
    200: async (w) => {
      await w.create({ Labels: { gone: 'soon' } });
      return await w.post(`/containers/prune?${filters({ label: ['gone=soon'] })}`);
    },
    500: FAILURE,
  },
  'POST /containers/{id}/exec': {
    201: async (w) => await w.post(`/containers/${w.running}/exec`, { Cmd: ['true'] }),
    404: missing('POST', '/exec', { Cmd: ['true'] }),
    409: async (w) => await w.post(`/containers/${w.idle}/exec`, { Cmd: ['true'] }),
    500: FAILURE,
  },
  'POST /exec/{id}/start': {
    200: [
      async (w) => await w.post(`/exec/${await exec(w)}/start`, { Detach: true }),
      async (w) => await w.post(`/exec/${await exec(w)}/start`, {}),
    ],
    404: async (w) => await w.post('/exec/nosuch/start', {}),
    409: async (w) => {
      const id = await exec(w);
      await w.made(`/exec/${id}/start`, { Detach: true });
      return await w.post(`/exec/${id}/start`, { Detach: true });
    },
  },
  'POST /exec/{id}/resize': {
    200: async (w) => {
      const id = await exec(w, { Cmd: ['sleep', '1000'], Tty: true });
      await w.made(`/exec/${id}/start`, { Detach: true, Tty: true });
      return await w.post(`/exec/${id}/resize?h=30&w=100`);
    },
    400: async (w) => await w.post(`/exec/${await exec(w)}/resize?h=x&w=100`),
    404: async (w) => await w.post('/exec/nosuch/resize?h=30&w=100'),
    500: FAILURE,
  },
  'GET /exec/{id}/json': {
    200: async (w) => await w.get(`/exec/${await exec(w, { Cmd: ['true'], User: 'nobody' })}/json`),
    404: async (w) => await w.get('/exec/nosuch/json'),
    500: FAILURE,
  },
};

const WEBSOCKET = {
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

async function exec(w: World, config: object = { Cmd: ['true'] }): Promise<string> {
  return (await w.made(`/containers/${w.running}/exec`, config))['Id'] ?? '';
}

/** A setting of every kind that has a form of its own in an answer. */
const FULL = {
  StopSignal: 'SIGINT',
  Shell: ['/bin/sh', '-c'],
  ArgsEscaped: true,
  NetworkDisabled: true,
  Healthcheck: { Test: ['CMD', 'true'], Interval: 1e9, Timeout: 1e9, Retries: 2, StartPeriod: 1e9, StartInterval: 1e9 },
  HostConfig: {
    Init: true,
    Annotations: { a: 'b' },
    Tmpfs: { '/tmpfs': 'size=1m' },
    Sysctls: { 'net.ipv4.ip_forward': '1' },
    KernelMemoryTCP: 100_000_000,
    Ulimits: [{ Name: 'nofile', Soft: 10, Hard: 20 }],
    Devices: [{ PathOnHost: '/dev/null', PathInContainer: '/dev/x', CgroupPermissions: 'rwm' }],
    BlkioDeviceReadBps: [{ Path: '/dev/null', Rate: 1_000_000 }],
    Mounts: [
      {
        Type: 'volume',
        Source: 'kept',
        Target: '/a',
        ReadOnly: true,
        Consistency: 'default',
        VolumeOptions: {
          NoCopy: true,
          Labels: { a: 'b' },
          DriverConfig: { Name: 'local', Options: { type: 'tmpfs' } },
        },
      },
      {
        Type: 'bind',
        Source: '/usr/share',
        Target: '/b',
        ReadOnly: true,
        BindOptions: {
          Propagation: 'rprivate',
          NonRecursive: true,
          CreateMountpoint: true,
          ReadOnlyNonRecursive: true,
        },
      },
      {
        Type: 'bind',
        Source: '/usr/share',
        Target: '/c',
        ReadOnly: true,
        BindOptions: { Propagation: 'rprivate', ReadOnlyForceRecursive: true },
      },
      { Type: 'tmpfs', Target: '/t', TmpfsOptions: { SizeBytes: 1_000_000, Mode: 448, Options: [['noexec']] } },
    ],
  },
};

/** A container whose health was looked at. */
async function probed(w: World): Promise<Answer> {
  for (;;) {
    const answer = await w.get(`/containers/${w.running}/json`);
    const { State } = JSON.parse(answer.text) as { State: { Health: { Log: unknown[] } } };
    if (State.Health.Log.length > 0) return answer;
    await Bun.sleep(50);
  }
}

/** A container with a limit of processes. */
async function statsOfLimited(w: World): Promise<Answer> {
  const id = await w.start({ HostConfig: { PidsLimit: 40 } });
  return await w.get(`/containers/${id}/stats?stream=0&one-shot=1`);
}
