import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';
import { HOSTILE_ARCHIVES, type HostileArchive, type Outcome } from '../../images/hostile/archives.ts';
import { createOutside, look, type Outside, storeLeftovers } from '../../images/hostile/look.ts';
import { entry, tar } from '../../images/hostile/raw-tar.ts';

let daemon: TestDaemon;
let outside: Outside;
beforeAll(async () => {
  daemon = await startDaemon();
  outside = createOutside();
}, 60_000);
afterAll(async () => {
  outside[Symbol.dispose]();
  await daemon.stop();
}, 60_000);

const request = async (method: string, path: string, body?: Uint8Array): Promise<Response> =>
  await fetch(`http://d/v1.51${path}`, { unix: daemon.socket, method, ...(body && { body: Buffer.from(body) }) });

/** Files and folders that the daemon has open, and its mounts; not the root, which idle threads hold as their way back. */
function held(): readonly string[] {
  const fds = `/proc/${daemon.pid}/fd`;
  const open = readdirSync(fds).flatMap((fd) => {
    try {
      return [readlinkSync(join(fds, fd))];
    } catch {
      return [];
    }
  });
  const mounts = readFileSync(`/proc/${daemon.pid}/mountinfo`, 'utf8')
    .split('\n')
    .filter((line) => !/ \/tmp\/skt-/.test(line) || line.includes(daemon.root)); // other daemons have theirs
  return [...open.filter((path) => /^\/(?!memfd:|sys\/|proc\/|$)/.test(path)), ...mounts].toSorted();
}

/** Resolves with the failure's text, undefined when there was none; `root` is where the files must be. */
type Way = (
  bytes: Uint8Array,
) => Promise<{ readonly failure: string | undefined; readonly root: string; readonly id: string }>;

async function create(image: string): Promise<{ readonly id: string; readonly root: string }> {
  const id = await daemon.ok(['create', image, 'true']);
  return { id, root: join(daemon.root, 'd/writable', id, 'u') };
}

const WAYS: Readonly<Record<string, Way>> = {
  async 'put into a container'(bytes) {
    const { id, root } = await create('busybox');
    const answer = await request('PUT', `/containers/${id}/archive?path=/&noOverwriteDirNonDir=1`, bytes);
    return { failure: answer.ok ? undefined : await answer.text(), root, id };
  },
  async 'ADDed by a build'(bytes) {
    const dockerfile = 'FROM busybox\nADD evil.tar /\n';
    const context = tar(
      entry({ name: 'Dockerfile', type: 'file' }, dockerfile),
      entry({ name: 'evil.tar', type: 'file' }, bytes),
    );
    const answer = await request('POST', '/build?t=evil', context);
    const failure = /"error":"(.*?)"\}/.exec(await answer.text())?.[1];
    const { id } = await create(failure === undefined ? 'evil' : 'busybox');
    const names = readdirSync(join(daemon.root, 'd/layers')).map((name) => Number.parseInt(name, 36));
    const newest = Math.max(...names.filter((name) => name !== Number.parseInt('empty', 36)));
    return { failure, root: join(daemon.root, 'd/layers', newest.toString(36)), id };
  },
};

async function meet(bytes: HostileArchive['bytes'], copy: Outcome, way: Way): Promise<void> {
  const [before, heldBefore, storeBefore] = [outside.state(), held(), storeLeftovers(join(daemon.root, 'd'))];
  const { failure, root, id } = await way(bytes(outside.path));
  try {
    if ('refused' in copy) expect(failure).toMatch(copy.refused);
    else {
      expect(failure).toBeUndefined();
      const found = Object.entries(copy.made).map(([path, like]) => [path, look(root, path, like)]);
      expect(Object.fromEntries(found)).toEqual(copy.made);
    }
  } finally {
    await daemon.ok(['rm', '-f', id]);
    await daemon.docker(['rmi', '-f', 'evil']);
    await request('POST', '/build/prune?all=1');
  }
  expect(outside.state()).toBe(before);
  expect(storeLeftovers(join(daemon.root, 'd'))).toEqual(storeBefore);
  await untilHeld(heldBefore);
}

/** What was open a moment ago may be closed a moment later; what threads that wait for work had open then may be closed by now. */
async function untilHeld(before: readonly string[]): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (Date.now() < deadline && more(before).length > 0) await Bun.sleep(10);
  expect(more(before)).toEqual([]);
}

/** What is held now and was not before, as often as it is more. */
function more(before: readonly string[]): readonly string[] {
  const known = [...before];
  return held().filter((one) => {
    const at = known.indexOf(one);
    if (at !== -1) known.splice(at, 1);
    return at === -1;
  });
}

const OUTCOMES: Readonly<Record<string, (archive: HostileArchive) => Outcome>> = {
  'put into a container': ({ copy }) => copy,
  'ADDed by a build': ({ copy, add }) => add ?? copy,
};

for (const [name, way] of Object.entries(WAYS))
  describe(`an archive ${name} with`, () => {
    for (const archive of HOSTILE_ARCHIVES) {
      const outcome = OUTCOMES[name]?.(archive) ?? archive.copy;
      test(`${archive.title}: ${'refused' in outcome ? 'refused' : 'harmless'}`, () =>
        meet(archive.bytes, outcome, way));
    }
  });

test('a client that hangs up in the middle of a file leaves nothing open', async () => {
  const { id, root } = await create('busybox');
  const before = held();
  const socket = connect(daemon.socket);
  const body = entry({ name: 'half', type: 'file' }, 'y'.repeat(1_000_000)).subarray(0, 300_000);
  const head = `PUT /v1.51/containers/${id}/archive?path=/ HTTP/1.1\r\nHost: d\r\nContent-Length: 1001000\r\n\r\n`;
  socket.write(Buffer.concat([Buffer.from(head), body]));
  const deadline = Date.now() + 10_000;
  while (Date.now() < deadline && look(root, 'half', undefined) === undefined) await Bun.sleep(10);
  expect(more(before)).not.toEqual([]);
  socket.destroy();
  await untilHeld(before);
  await daemon.ok(['rm', '-f', id]);
});
