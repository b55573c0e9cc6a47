import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import type { EventMessage } from '../../../src/api/types/event.ts';
import { putImage } from '../../fixtures/image-engine.ts';
import { smallImage } from '../../fixtures/images.ts';
import { type LocalRegistry, startRegistry } from '../../fixtures/registry.ts';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';

let daemon: TestDaemon;
let registry: LocalRegistry;
beforeAll(async () => {
  [daemon, registry] = await Promise.all([startDaemon(), startRegistry()]);
  await putImage(registry, 'known', '1', smallImage({ text: 'known', config: { Labels: { of: 'known' } } }));
}, 60_000);
afterAll(async () => {
  await daemon.stop();
  await registry[Symbol.asyncDispose]();
}, 60_000);

/** A moment between what has happened and what will. */
async function now(): Promise<string> {
  const before = Date.now() + 1;
  while (Date.now() <= before) await Bun.sleep(1);
  return String(before / 1000);
}

/** What happened between two times, oldest first. */
async function between(since: string, until: string, ...filters: readonly string[]): Promise<readonly EventMessage[]> {
  const chosen = filters.flatMap((filter) => ['--filter', filter]);
  const text = await daemon.ok(['events', '--since', since, '--until', until, '--format', '{{json .}}', ...chosen]);
  return text === '' ? [] : text.split('\n').map((line) => JSON.parse(line) as EventMessage);
}

/** `type action {attributes}` of each event, ids that nobody knows beforehand replaced. */
async function told(...lines: readonly string[]): Promise<readonly string[]> {
  const since = await now();
  for (const line of lines) await daemon.ok(line.split(' '));
  const events = await between(since, await now());
  return events.map(({ Type, Action, Actor }) => {
    const attributes = Object.entries(Actor?.Attributes ?? {})
      .map(([key, value]) => `${key}=${value.replace(/(sha256:)?[0-9a-f]{64}/, 'ID')}`)
      .toSorted();
    return `${Type} ${Action} ${attributes.join(' ')}`;
  });
}

describe('what happens is told', () => {
  const C = 'image=busybox name=one tier=front';

  test('of a container from its creation to its removal', async () => {
    const net = (action: string, name: string): string => `network ${action} container=ID name=${name} type=bridge`;
    const mounted = 'volume mount container=ID destination=/v driver=local propagation= read/write=true';
    expect(await told('volume create vol', 'network create n')).toEqual([
      'volume create driver=local',
      'network create name=n type=bridge',
    ]);
    const [created, ...ready] = await told(
      'create --name one -l tier=front -v vol:/v --network n -it busybox sh',
      'start one',
    );
    expect([created, ready.pop()]).toEqual([`container create ${C}`, `container start ${C}`]);
    // its volumes and its network are made ready side by side
    expect(ready.toSorted()).toEqual([net('connect', 'n'), mounted]);
    expect(await told('rename one two', 'rename two one')).toEqual([
      'container rename image=busybox name=two oldName=/one tier=front',
      'container rename image=busybox name=one oldName=/two tier=front',
    ]);
    expect(await told('exec one sh -c exit')).toEqual([
      `container exec_create: sh -c exit execID=ID ${C}`,
      `container exec_start: sh -c exit execID=ID ${C}`,
      `container exec_die execID=ID exitCode=0 ${C}`,
    ]);
    expect(await told('top one', 'pause one', 'unpause one', 'update --cpu-shares 10 one')).toEqual(
      ['top', 'pause', 'unpause', 'update'].map((action) => `container ${action} ${C}`),
    );
    const [file, archive] = [join(daemon.root, 'file'), join(daemon.root, 'archive')];
    expect(await told(`cp one:/etc/passwd ${file}`, `cp ${file} one:/x`, `export -o ${archive} one`)).toEqual(
      ['archive-path', 'extract-to-dir', 'export'].map((action) => `container ${action} ${C}`),
    );
    expect(await told('network connect bridge one', 'network disconnect bridge one')).toEqual([
      net('connect', 'bridge'),
      net('disconnect', 'bridge'),
    ]);
    expect(await told('kill -s URG one')).toEqual([`container kill image=busybox name=one signal=23 tier=front`]);
    expect((await told('stop -t 0 one')).map((event) => event.replace(/execDuration=\d+/, 'execDuration=N'))).toEqual([
      `container kill image=busybox name=one signal=15 tier=front`,
      `container kill image=busybox name=one signal=9 tier=front`,
      net('disconnect', 'n'),
      'volume unmount container=ID driver=local',
      'container die execDuration=N exitCode=137 image=busybox name=one tier=front',
      `container stop ${C}`,
    ]);
    expect(await told('commit -m hi one made:1')).toEqual([
      'image create name=ID tier=front',
      'image tag name=made:1 tier=front',
      'container commit comment=hi image=busybox imageID=ID imageRef=made:1 name=one tier=front',
    ]);
    expect(await told('rm one', 'volume rm vol', 'network rm n')).toEqual([
      `container destroy ${C}`,
      'volume destroy driver=local',
      'network destroy name=n type=bridge',
    ]);
  }, 60_000);

  test('of an image, with its labels', async () => {
    const name = `${registry.host}/known`;
    expect(await told(`pull ${name}:1`, `push ${name}:1`)).toEqual([
      `image pull name=${name} of=known`,
      `image push name=${name} of=known`,
    ]);
    expect(await told(`tag ${name}:1 other:1`)).toEqual(['image tag name=other:1 of=known']);
    const archive = join(daemon.root, 'saved');
    expect(await told(`save -o ${archive} other:1`, `load -q -i ${archive}`)).toEqual([
      `image save name=${name}:1 of=known`,
      'image load name=other:1 of=known',
    ]);
    expect(await told(`rmi other:1 ${name}:1`)).toEqual([
      'image untag name=ID of=known',
      'image untag name=ID of=known',
      'image delete name=ID of=known',
    ]);
    const since = await now();
    await daemon.ok(['build', '-q', '-t', 'built', '-'], { stdin: 'FROM scratch\nLABEL of=build\n' });
    const events = await between(since, await now(), 'type=image');
    expect(events.map(({ Action, Actor }) => [Action, Actor?.Attributes?.['of']])).toEqual([
      ['create', 'build'],
      ['tag', 'build'],
    ]);
  }, 60_000);

  test('of pruning, with what it gave', async () => {
    expect(
      await told('container prune -f', 'image prune -f', 'volume prune -f', 'network prune -f', 'builder prune -f'),
    ).toEqual(['container', 'image', 'volume', 'network', 'builder'].map((type) => `${type} prune reclaimed=0`));
  }, 60_000);
});

test('info tells how many listen', async () => {
  const listening = async (): Promise<string> => await daemon.ok(['info', '-f', '{{.NEventsListener}}']);
  expect(await listening()).toBe('0');
  const leaving = new AbortController();
  const { body } = await fetch('http://d/events', { unix: daemon.socket, signal: leaving.signal });
  expect(await listening()).toBe('1');
  leaving.abort();
  await body?.cancel().catch(() => undefined);
  while ((await listening()) !== '0') await Bun.sleep(10);
});

test('filters choose, the last 256 are kept, and two times bound them', async () => {
  const start = await now();
  for (let at = 0; at < 130; at++) await createVolume(`many${at}`, 'b');
  const middle = await now();
  await daemon.ok(['volume', 'rm', ...Array.from({ length: 130 }, (_, at) => `many${at}`)]);
  const end = await now();
  expect(await between('0', end)).toHaveLength(256);
  expect(await between(middle, end)).toHaveLength(130);
  expect(await between(middle, end, 'event=create')).toHaveLength(0);
  expect(await between(start, end, 'volume=many129')).toHaveLength(2);
  expect(
    await between(start, middle, 'event=create', 'event=destroy', 'type=volume', 'volume=many129', 'volume=many128'),
  ).toHaveLength(2);
  expect(await between(start, end, 'type=network')).toHaveLength(0);
  const refused = await daemon.docker(['events', '--since', '0', '--until', '1', '--filter', 'nonsense=1']);
  expect([refused.exitCode, refused.stderr.trim()]).toEqual([
    1,
    "Error response from daemon: invalid filter 'nonsense'",
  ]);
}, 120_000);

async function createVolume(name: string, label: string): Promise<void> {
  const made = await fetch('http://d/volumes/create', {
    unix: daemon.socket,
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ Name: name, Labels: { a: label } }),
  });
  if (!made.ok) throw new Error(await made.text());
}
