import { type Duplex, PassThrough } from 'node:stream';
import type { ExitReport, MonitorFound, MonitorHost, MonitorSession, MonitorSpec } from './monitor.ts';

/** A monitor whose process ends when the test says so. */
export interface FakeMonitor {
  readonly spec: MonitorSpec;
  readonly signals: number[];
  readonly attached: Duplex[];
  state: 'waiting' | 'running' | 'ended';
  readonly pid: number;
  readonly startedAt: Date;
  readonly session: MonitorSession;
  exit(report?: Partial<ExitReport>): void;
  /** The runtime's state is gone; at the exit already unless monitors are `slow`. */
  release(): void;
}

/**
 * Monitors in memory. A process ends by `exit`, and by SIGKILL and SIGTERM unless `stubborn` holds the signal. `failNext` makes a step of the
 * next monitor fail; `connected` counts attachers that were there before `go`.
 */
export function createFakeMonitors(): MonitorHost & {
  readonly all: FakeMonitor[];
  readonly stubborn: Set<number>;
  /** Whether the states of runtimes stay until `release`. */
  slow: boolean;
  failNext: { launch?: Error; go?: Error; attach?: Error };
  /** What `reconnect` answers for directories of another daemon's life. */
  readonly found: Map<string, MonitorFound>;
} {
  const all: FakeMonitor[] = [];
  const stubborn = new Set<number>();
  const host = {
    all,
    stubborn,
    slow: false,
    failNext: {} as { launch?: Error; go?: Error; attach?: Error },
    found: new Map<string, MonitorFound>(),
    async launch(spec: MonitorSpec): Promise<MonitorSession> {
      const { launch } = host.failNext;
      if (launch) throw launch;
      const monitor = createFakeMonitor(spec, all.length + 100, stubborn, host.failNext, () => host.slow);
      host.failNext = {};
      all.push(monitor);
      return monitor.session;
    },
    async reconnect(dir: string): Promise<MonitorFound> {
      return host.found.get(dir) ?? { kind: 'absent' };
    },
  };
  return host;
}

export function createFakeMonitor(
  spec: MonitorSpec,
  pid: number,
  stubborn: ReadonlySet<number>,
  fail: { readonly go?: Error; readonly attach?: Error },
  isSlow: () => boolean = () => false,
): FakeMonitor {
  const exited = Promise.withResolvers<ExitReport>();
  const released = Promise.withResolvers<void>();
  const startedAt = new Date();
  const monitor: FakeMonitor = {
    spec,
    signals: [],
    attached: [],
    state: 'waiting',
    pid,
    startedAt,
    exit(report = {}) {
      if (monitor.state === 'ended') return;
      monitor.state = 'ended';
      for (const stream of monitor.attached) stream.end();
      exited.resolve({ exitCode: 0, oomKilled: false, startedAt, finishedAt: new Date(), ...report });
      if (!isSlow()) released.resolve();
    },
    release: () => released.resolve(),
    session: {
      monitorPid: pid + 1,
      async go() {
        if (fail.go) {
          monitor.state = 'ended';
          released.resolve();
          throw fail.go;
        }
        monitor.state = 'running';
        return { pid, startedAt };
      },
      async attach() {
        if (fail.attach) throw fail.attach;
        const stream = new PassThrough();
        monitor.attached.push(stream);
        return stream;
      },
      creditLog() {},
      async signal(signo) {
        if (monitor.state !== 'running') return false;
        monitor.signals.push(signo);
        if ((signo === 9 || signo === 15) && !stubborn.has(signo))
          monitor.exit({ exitCode: 128 + signo, signal: signo });
        return true;
      },
      async resize() {},
      exited: exited.promise,
      released: released.promise,
      async abandon() {
        if (monitor.state === 'waiting') monitor.state = 'ended';
        released.resolve();
        await released.promise;
      },
      disconnect() {},
    },
  };
  return monitor;
}
