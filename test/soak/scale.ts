import { startDaemon, type TestDaemon } from '../helpers/daemon.ts';
import { ask, must } from './ask.ts';
import { footprintOf, newIn, type Usage, usageOf } from './footprint.ts';

/** For the last links and processes to go, and for the daemon to have given memory back. */
const SETTLE_MS = 30_000;
const MOST_GROWTH = 0.1;
/** Threads are not: the runtime ends those of a pool when it likes. */
const KINDS = ['memoryKiB', 'descriptors', 'children'] as const;

export interface ScaleResult {
  readonly answered: number;
  readonly before: Usage;
  readonly full: Usage;
  readonly after: Usage;
  /** Whatever is wrong. */
  readonly problems: readonly string[];
}

/**
 * So many containers on the default bridge, made and started all at once, each with a web server that answers with the container's own name
 * by its published port; then removed all at once. Nothing may be left of them on the machine, and the daemon may not have grown.
 */
export async function scale(count: number, tell: (line: string) => void): Promise<ScaleResult> {
  await using daemon = await startDaemon();
  // Whatever is made at first use is there, and the code is compiled.
  await together(daemon, Math.min(count, 20));
  await removeAll(daemon);
  const clean = footprintOf(daemon);
  const before = usageOf(daemon.pid);
  tell(`before: ${show(before)}`);
  const answered = await together(daemon, count);
  const full = usageOf(daemon.pid);
  tell(`${answered} of ${count} answer: ${show(full)}`);
  await removeAll(daemon);
  const left = await untilNone(() => newIn(clean, footprintOf(daemon)));
  const bound = { ...before, memoryKiB: before.memoryKiB * (1 + MOST_GROWTH) };
  const after = await untilWithin(daemon.pid, bound);
  tell(`removed: ${show(after)}`);
  const problems = [
    ...(answered === count ? [] : [`${answered} of ${count} answered`]),
    ...left.map((line) => `left: ${line}`),
    ...KINDS.filter((kind) => after[kind] > bound[kind]).map(
      (kind) => `${kind}: ${before[kind]} before, ${after[kind]} after`,
    ),
  ];
  return { answered, before, full, after, problems };
}

/** How many answered. */
async function together(daemon: TestDaemon, count: number): Promise<number> {
  const answers = await Promise.all(
    Array.from({ length: count }, async (_none, index) => await serve(daemon, `box${index}`)),
  );
  return answers.filter(Boolean).length;
}

async function serve(daemon: TestDaemon, name: string): Promise<boolean> {
  const { Id } = (await must(daemon, 'POST', `/containers/create?name=${name}`, {
    Image: 'busybox',
    Cmd: ['sh', '-c', 'mkdir /www && hostname > /www/index.html && exec httpd -f -p 80 -h /www'],
    Hostname: name,
    ExposedPorts: { '80/tcp': {} },
    HostConfig: { PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] } },
  })) as { Id: string };
  await must(daemon, 'POST', `/containers/${Id}/start`);
  const { NetworkSettings } = (await must(daemon, 'GET', `/containers/${Id}/json`)) as {
    NetworkSettings: { Ports: Record<string, { HostPort: string }[]> };
  };
  const port = NetworkSettings.Ports['80/tcp']?.[0]?.HostPort;
  return (await untilAnswer(`http://127.0.0.1:${port}/`)) === name;
}

/** The server may not listen yet. undefined: none came in time. */
async function untilAnswer(url: string): Promise<string | undefined> {
  for (const deadline = Date.now() + SETTLE_MS; Date.now() < deadline; await Bun.sleep(50)) {
    const answer = await fetch(url, { keepalive: false }).catch(() => undefined);
    if (answer?.ok) return (await answer.text()).trim();
  }
  return undefined;
}

async function removeAll(daemon: TestDaemon): Promise<void> {
  const all = (await must(daemon, 'GET', '/containers/json?all=1')) as { Id: string }[];
  await Promise.all(
    all.map(async ({ Id }) => {
      const { status, text } = await ask(daemon, 'DELETE', `/containers/${Id}?force=1&v=1`);
      if (status !== 204) throw new Error(`removing ${Id}: ${status} ${text}`);
    }),
  );
}

async function untilNone(look: () => readonly string[]): Promise<readonly string[]> {
  for (const deadline = Date.now() + SETTLE_MS; ; await Bun.sleep(200)) {
    const found = look();
    if (found.length === 0 || Date.now() > deadline) return found;
  }
}

async function untilWithin(pid: number, most: Usage): Promise<Usage> {
  for (const deadline = Date.now() + SETTLE_MS; ; await Bun.sleep(500)) {
    const usage = usageOf(pid);
    if (KINDS.every((kind) => usage[kind] <= most[kind]) || Date.now() > deadline) return usage;
  }
}

function show({ memoryKiB, descriptors, threads, children }: Usage): string {
  return `${(memoryKiB / 1024).toFixed(1)} MiB, ${descriptors} open files, ${threads} threads, ${children} children`;
}

if (import.meta.main) {
  const { problems } = await scale(Number(process.argv[2] ?? 200), (line) => console.log(line)).catch(
    (error: unknown) => {
      // Both what went wrong and what could not be cleaned up then.
      console.log(error instanceof SuppressedError ? [error.suppressed, error.error] : error);
      process.exit(1);
    },
  );
  for (const problem of problems) console.log(`PROBLEM ${problem}`);
  console.log(
    problems.length === 0 ? 'nothing left, and the daemon as large as before' : `${problems.length} problems`,
  );
  process.exit(problems.length === 0 ? 0 : 1);
}
