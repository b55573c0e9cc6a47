import { tarOf } from '../fixtures/images.ts';
import { ask, must, peek, plainText } from './ask.ts';
import { type Box, checkBox, expectSame, expectStatus } from './box.ts';
import { pick } from './random.ts';
import type { Operation } from './worker.ts';

const MIB = 1024 * 1024;

const at = (box: Box, path: string): string => `/containers/${box.id}/${path}`;
const always = (): boolean => true;
const runs = ({ state }: Box): boolean => state === 'running';
const rests = ({ state }: Box): boolean => state === 'created' || state === 'exited';
const ran = ({ starts }: Box): boolean => starts > 0;

/** What is done with one container. */
export const BOX_OPERATIONS: readonly Operation<Box>[] = [
  {
    name: 'start',
    weight: 8,
    fits: rests,
    async run(box, { daemon }) {
      await expectStatus(204, daemon, 'POST', at(box, 'start'));
      box.state = 'running';
      box.starts++;
    },
  },
  {
    name: 'start again',
    weight: 1,
    fits: runs,
    run: async (box, { daemon }) => void (await expectStatus(304, daemon, 'POST', at(box, 'start'))),
  },
  {
    name: 'stop',
    weight: 2,
    fits: runs,
    async run(box, { daemon }) {
      await expectStatus(204, daemon, 'POST', at(box, 'stop?t=0&signal=KILL'));
      box.state = 'exited';
    },
  },
  {
    name: 'kill and wait',
    weight: 2,
    fits: runs,
    async run(box, { daemon }) {
      const waiting = must(daemon, 'POST', at(box, 'wait?condition=next-exit'));
      await expectStatus(204, daemon, 'POST', at(box, 'kill'));
      box.state = 'exited';
      // Whoever asks too late waits for the exit after.
      const code = await Promise.race([waiting, must(daemon, 'POST', at(box, 'wait'))]);
      expectSame('exit code', (code as { StatusCode: number }).StatusCode, 137);
      waiting.catch(() => undefined);
    },
  },
  {
    name: 'restart',
    weight: 2,
    fits: runs,
    async run(box, { daemon }) {
      await expectStatus(204, daemon, 'POST', at(box, 'restart?t=0&signal=KILL'));
      box.starts++;
    },
  },
  {
    name: 'pause',
    weight: 2,
    fits: runs,
    async run(box, { daemon }) {
      await expectStatus(204, daemon, 'POST', at(box, 'pause'));
      box.state = 'paused';
    },
  },
  {
    name: 'unpause',
    weight: 8,
    fits: ({ state }) => state === 'paused',
    async run(box, { daemon }) {
      await expectStatus(204, daemon, 'POST', at(box, 'unpause'));
      box.state = 'running';
    },
  },
  {
    name: 'exec',
    weight: 6,
    fits: runs,
    async run(box, { daemon, random }) {
      const code = Math.floor(random() * 100);
      const body = { AttachStdout: true, Cmd: ['sh', '-c', `echo ${box.name} ${code}; exit ${code}`] };
      const { Id } = (await must(daemon, 'POST', at(box, 'exec'), body)) as { Id: string };
      const said = await plainText(daemon, 'POST', `/exec/${Id}/start`, {});
      expectSame('output of exec', said, `${box.name} ${code}\n`);
      const { ExitCode } = (await must(daemon, 'GET', `/exec/${Id}/json`)) as { ExitCode: number };
      expectSame('exit code of exec', ExitCode, code);
    },
  },
  {
    name: 'exec with input',
    weight: 1,
    fits: runs,
    async run(box, { daemon }) {
      const stdin = `${box.name}\n`.repeat(2000);
      expectSame('what cat says', await daemon.ok(['exec', '-i', box.id, 'cat'], { stdin }), stdin.slice(0, -1));
    },
  },
  {
    name: 'logs',
    weight: 3,
    fits: ran,
    async run(box, { daemon }) {
      for (let tries = 0; ; tries++) {
        const lines = (await plainText(daemon, 'GET', at(box, 'logs?stdout=1&stderr=1'))).split('\n').length - 1;
        // The process may not have come to its line yet, or was ended before.
        if (lines === box.starts || (lines <= box.starts && (rests(box) || tries > 20))) return;
        if (lines > box.starts) expectSame('lines of the log', lines, box.starts);
        await Bun.sleep(20);
      }
    },
  },
  {
    name: 'follow the log for a while',
    weight: 2,
    fits: runs,
    run: async (box, { daemon }) => await peek(daemon, at(box, 'logs?stdout=1&follow=1')),
  },
  {
    name: 'attach for a while',
    weight: 1,
    fits: runs,
    run: async (box, { daemon }) => await peek(daemon, at(box, 'attach?stdout=1&stream=1&logs=1'), 'POST'),
  },
  { name: 'inspect', weight: 8, fits: always, run: async (box, world) => await checkBox(world, box) },
  {
    name: 'stats',
    weight: 1,
    fits: runs,
    async run(box, { daemon }) {
      const { memory_stats } = (await must(daemon, 'GET', at(box, 'stats?stream=0&one-shot=1'))) as {
        memory_stats: { limit: number };
      };
      expectSame('limit in stats', memory_stats.limit, box.memoryBytes);
    },
  },
  {
    name: 'stats for a while',
    weight: 1,
    fits: runs,
    run: async (box, { daemon }) => await peek(daemon, at(box, 'stats')),
  },
  {
    name: 'top',
    weight: 1,
    fits: runs,
    async run(box, { daemon }) {
      const { Processes } = (await must(daemon, 'GET', at(box, 'top'))) as { Processes: unknown[] };
      expectSame('processes', Processes.length > 0, true);
    },
  },
  {
    name: 'put a file',
    weight: 2,
    fits: ({ state }) => state !== 'paused',
    async run(box, { daemon, random }) {
      box.kept = `${random()}`.repeat(100);
      const archive = Buffer.from(tarOf({ kept: box.kept }));
      await expectStatus(200, daemon, 'PUT', at(box, 'archive?path=/'), archive);
    },
  },
  {
    name: 'get the file',
    weight: 2,
    fits: ({ kept }) => kept !== undefined,
    async run(box, { daemon }) {
      const text = await expectStatus(200, daemon, 'GET', at(box, 'archive?path=/kept'));
      expectSame('what was put', text.includes(box.kept ?? ''), true);
    },
  },
  {
    name: 'get what is not there',
    weight: 1,
    fits: always,
    run: async (box, { daemon }) => void (await expectStatus(404, daemon, 'GET', at(box, 'archive?path=/no/such'))),
  },
  {
    name: 'changes',
    weight: 1,
    fits: ({ kept }) => kept !== undefined,
    async run(box, { daemon }) {
      const changes = (await must(daemon, 'GET', at(box, 'changes'))) as { Path: string }[];
      expectSame(
        'the file among changes',
        changes.some(({ Path }) => Path === '/kept'),
        true,
      );
    },
  },
  {
    name: 'begin an export',
    weight: 1,
    fits: always,
    run: async (box, { daemon }) => await peek(daemon, at(box, 'export')),
  },
  {
    name: 'rename',
    weight: 1,
    fits: always,
    async run(box, { daemon, nextName }) {
      const name = nextName('renamed');
      await expectStatus(204, daemon, 'POST', at(box, `rename?name=${name}`));
      box.name = name;
    },
  },
  {
    name: 'update',
    weight: 1,
    fits: always,
    async run(box, { daemon, random }) {
      const Memory = (32 + Math.floor(random() * 64)) * MIB;
      await must(daemon, 'POST', at(box, 'update'), { Memory, MemorySwap: -1 });
      box.memoryBytes = Memory;
    },
  },
  {
    name: 'connect',
    weight: 2,
    fits: ({ networks, state }) => networks.size > 0 && state !== 'paused',
    async run(box, { daemon, random, networks }) {
      const network = pick(
        random,
        networks.filter((name) => !box.networks.has(name)),
      );
      if (network === undefined) return;
      await expectStatus(200, daemon, 'POST', `/networks/${network}/connect`, { Container: box.id });
      box.networks.add(network);
    },
  },
  {
    name: 'disconnect',
    weight: 1,
    fits: ({ networks, state }) => networks.size > 1 && state !== 'paused',
    async run(box, { daemon }) {
      const [, network = ''] = box.networks;
      await expectStatus(200, daemon, 'POST', `/networks/${network}/disconnect`, { Container: box.id });
      box.networks.delete(network);
    },
  },
  {
    name: 'commit and run',
    weight: 1,
    fits: rests,
    async run(box, { daemon, nextName }) {
      const tag = nextName('image');
      await expectStatus(201, daemon, 'POST', `/commit?container=${box.id}&repo=${tag}`, {});
      const read = ['run', '--rm', '--network', 'none', tag, 'sh', '-c', 'cat /kept 2>&- || echo none'];
      expectSame('the file in the image', await daemon.ok(read), box.kept ?? 'none');
      await expectStatus(200, daemon, 'DELETE', `/images/${tag}`);
    },
  },
  {
    name: 'remove',
    weight: 3,
    fits: ran,
    async run(box, { daemon, boxes }) {
      await expectStatus(204, daemon, 'DELETE', `/containers/${box.id}?force=1&v=1`);
      boxes.splice(boxes.indexOf(box), 1);
      await expectStatus(404, daemon, 'GET', at(box, 'json'));
    },
  },
  {
    name: 'remove what runs, without force',
    weight: 1,
    fits: runs,
    run: async (box, { daemon }) => void (await expectStatus(409, daemon, 'DELETE', `/containers/${box.id}`)),
  },
  {
    name: 'create by a name that is taken',
    weight: 1,
    fits: always,
    async run(box, { daemon }) {
      const { status } = await ask(daemon, 'POST', `/containers/create?name=${box.name}`, { Image: 'busybox' });
      expectSame('status', status, 409);
    },
  },
];
