import { afterAll, beforeAll, expect, test } from 'bun:test';
import { operationsOf, readDefinition } from './definition.ts';
import { openWorld, type World } from './world.ts';

const operations = operationsOf(readDefinition());

/** How the example of a request's body is sent, and what comes of it. */
interface Use {
  /** The path, its names filled in. */
  readonly path: (world: World) => Promise<string> | string;
  /** What the example names that is not on this machine, or contradicts itself, is replaced. */
  readonly with?: (world: World) => Promise<object> | object;
  readonly status: number;
  /** Why another status than success, and its words. */
  readonly message?: string;
}

const USES: Readonly<Record<string, Use>> = {
  'POST /containers/create': {
    path: () => '/containers/create',
    // the example limits a processor in two ways at once, and names other containers, networks and a graphics card
    with: () => ({
      Image: 'busybox',
      HostConfig: {
        Binds: ['/tmp:/tmp'],
        CpuShares: 512,
        CpuPeriod: 100_000,
        CpuQuota: 50_000,
        OomScoreAdj: 500,
        PidsLimit: 0,
      },
      NetworkingConfig: {},
    }),
    status: 201,
  },
  'POST /containers/{id}/update': {
    path: async (world) => `/containers/${await world.start()}/update`,
    // this kernel has no real-time groups, and perhaps one processor
    with: () => ({ CpuRealtimePeriod: 0, CpuRealtimeRuntime: 0, CpusetCpus: '0' }),
    status: 200,
  },
  'POST /auth': {
    path: () => '/auth',
    with: (world) => ({ serveraddress: world.guarded, username: 'ann', password: 'secret' }),
    status: 200,
  },
  'POST /commit': { path: (world) => `/commit?container=${world.idle}`, status: 201 },
  'POST /containers/{id}/exec': { path: (world) => `/containers/${world.running}/exec`, status: 201 },
  'POST /exec/{id}/start': {
    path: async (world) =>
      `/exec/${(await world.made(`/containers/${world.running}/exec`, { Cmd: ['true'], Tty: true }))['Id']}/start`,
    status: 200,
  },
  'POST /volumes/create': {
    path: () => '/volumes/create',
    with: () => ({ Driver: 'local', DriverOpts: {} }),
    status: 201,
  },
  'POST /networks/create': {
    path: () => '/networks/create',
    // the example takes its configuration from another network and the name of the default bridge
    with: () => ({ ConfigFrom: undefined, IPAM: { Driver: 'default' }, EnableIPv6: false, Options: {} }),
    status: 201,
  },
  'POST /networks/{id}/connect': {
    path: async (world) => `/networks/${(await world.made('/networks/create', { Name: world.fresh() }))['Id']}/connect`,
    with: async (world) => ({ Container: await world.create(), EndpointConfig: {} }),
    status: 200,
  },
};

let world: World;
beforeAll(async () => {
  world = await openWorld();
}, 120_000);
afterAll(async () => await world[Symbol.asyncDispose](), 60_000);

for (const [name, { body }] of operations) {
  const use = USES[name];
  if (body?.example === undefined || use === undefined) continue;
  test(`${name} takes the example of its body`, async () => {
    const example = { ...(body.example as object), ...(await use.with?.(world)) };
    const answer = await world.ask('POST', await use.path(world), { body: example });
    expect({ status: answer.status, text: answer.status === use.status ? '' : answer.text }).toEqual({
      status: use.status,
      text: '',
    });
  });
}

test('every operation that takes an example has its row, Swarm and plugins aside', () => {
  const examples = [...operations].filter(([, { body }]) => body?.example !== undefined).map(([name]) => name);
  const others = /\/(nodes|swarm|services|tasks|secrets|configs|plugins)\b/;
  expect(examples.filter((name) => !others.test(name)).toSorted()).toEqual(Object.keys(USES).toSorted());
});
