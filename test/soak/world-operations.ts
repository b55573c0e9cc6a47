import { tarOf } from '../fixtures/images.ts';
import { must, peek } from './ask.ts';
import { expectSame, expectStatus } from './box.ts';
import { pick } from './random.ts';
import type { Operation, World } from './worker.ts';

const MOST_NETWORKS = 3;
const always = (): boolean => true;

/** What is done with everything else. */
export const WORLD_OPERATIONS: readonly Operation<World>[] = [
  {
    name: 'list',
    weight: 4,
    fits: always,
    async run({ daemon, prefix, boxes }) {
      const filters = encodeURIComponent(JSON.stringify({ label: [`soak=${prefix}`] }));
      const listed = (await must(daemon, 'GET', `/containers/json?all=1&filters=${filters}`)) as {
        Id: string;
        State: string;
      }[];
      const seen = listed.map(({ Id, State }) => `${Id} ${State}`).toSorted();
      expectSame(
        'containers',
        seen.join('\n'),
        boxes
          .map(({ id, state }) => `${id} ${state}`)
          .toSorted()
          .join('\n'),
      );
    },
  },
  {
    name: 'create a network',
    weight: 3,
    fits: ({ networks }) => networks.length < MOST_NETWORKS,
    async run({ daemon, networks, nextName }) {
      const name = nextName('net');
      await expectStatus(201, daemon, 'POST', '/networks/create', { Name: name });
      networks.push(name);
    },
  },
  {
    name: 'remove a network',
    weight: 3,
    fits: ({ networks }) => networks.length > 0,
    async run({ daemon, random, networks, boxes }) {
      const name = pick(random, networks) ?? '';
      const isUsed = boxes.some((box) => box.networks.has(name) && ['running', 'paused'].includes(box.state));
      if (boxes.some((box) => box.networks.has(name)) && !isUsed) return;
      await expectStatus(isUsed ? 403 : 204, daemon, 'DELETE', `/networks/${name}`);
      if (!isUsed) networks.splice(networks.indexOf(name), 1);
    },
  },
  {
    name: 'a volume',
    weight: 2,
    fits: always,
    async run({ daemon, nextName }) {
      const name = nextName('volume');
      await expectStatus(201, daemon, 'POST', '/volumes/create', { Name: name });
      const write = ['run', '--rm', '--network', 'none', '-v', `${name}:/data`, 'busybox'];
      await daemon.ok([...write, 'sh', '-c', 'echo kept > /data/file']);
      expectSame('what the volume holds', await daemon.ok([...write, 'cat', '/data/file']), 'kept');
      await expectStatus(204, daemon, 'DELETE', `/volumes/${name}`);
    },
  },
  {
    name: 'run --rm -i with input',
    weight: 3,
    fits: always,
    async run({ daemon, random }) {
      const stdin = `${random()}\n`.repeat(1000);
      const { exitCode, stdout } = await daemon.docker(['run', '--rm', '-i', 'busybox', 'sh', '-c', 'cat; exit 3'], {
        stdin,
      });
      expectSame('exit code', exitCode, 3);
      expectSame('output', stdout, stdin);
    },
  },
  {
    name: 'build',
    weight: 2,
    fits: always,
    async run({ daemon, random, nextName }) {
      const [tag, text] = [nextName('built'), `${random()}`];
      const context = Buffer.from(
        tarOf({ Dockerfile: 'FROM busybox\nCOPY file /file\nRUN cat /file /file > /twice\n', file: text }),
      );
      await expectStatus(200, daemon, 'POST', `/build?t=${tag}`, context);
      expectSame(
        'what was built',
        await daemon.ok(['run', '--rm', '--network', 'none', tag, 'cat', '/twice']),
        text + text,
      );
      await expectStatus(200, daemon, 'DELETE', `/images/${tag}`);
      await must(daemon, 'POST', '/build/prune?all=1');
    },
  },
  {
    name: 'a build that fails',
    weight: 1,
    fits: always,
    async run({ daemon }) {
      const context = Buffer.from(tarOf({ Dockerfile: 'FROM busybox\nRUN exit 9\n' }));
      const text = await expectStatus(200, daemon, 'POST', '/build?nocache=1', context);
      expectSame('the failure', text.includes('returned a non-zero code: 9'), true);
    },
  },
  {
    name: 'begin to save an image',
    weight: 1,
    fits: always,
    run: async ({ daemon }) => await peek(daemon, '/images/busybox/get'),
  },
  {
    name: 'events for a while',
    weight: 2,
    fits: always,
    run: async ({ daemon }) => await peek(daemon, '/events?since=1'),
  },
  {
    name: 'what is wrong',
    weight: 2,
    fits: always,
    async run({ daemon, nextName }) {
      const name = nextName('wrong');
      await expectStatus(404, daemon, 'POST', `/containers/create?name=${name}`, { Image: 'no-such-image' });
      const bad = { Image: 'busybox', HostConfig: { Binds: ['/no/such/../\u0000:/x'] } };
      await expectStatus(400, daemon, 'POST', `/containers/create?name=${name}`, bad);
      const missing = { Image: 'busybox', Cmd: ['/no/such/program'], HostConfig: { NetworkMode: 'bridge' } };
      const { Id } = (await must(daemon, 'POST', `/containers/create?name=${name}`, missing)) as { Id: string };
      await expectStatus(400, daemon, 'POST', `/containers/${Id}/start`);
      await expectStatus(204, daemon, 'DELETE', `/containers/${Id}`);
    },
  },
  {
    name: 'disk usage and facts',
    weight: 1,
    fits: always,
    async run({ daemon }) {
      await must(daemon, 'GET', '/system/df');
      await must(daemon, 'GET', '/info');
    },
  },
];
