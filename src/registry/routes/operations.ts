import { messageOf } from '../../lib/errors.ts';
import { json, text } from '../call.ts';
import type { Metrics } from '../metrics.ts';
import type { Registry } from '../registry.ts';
import type { Match } from './route.ts';

export interface OperationsDeps {
  readonly registry: Registry;
  readonly metrics: Metrics;
  readonly metricsPath: string;
  /** Milliseconds on a clock that only goes forward. */
  readonly clock: () => number;
}

/** Metrics (whoever may list all repositories) and health (everybody). */
export function createOperations(deps: OperationsDeps): (method: string, path: string) => Match | undefined {
  const { registry, metrics, metricsPath } = deps;
  const health = createHealth(deps);
  return (method, path) => {
    if (method !== 'GET' && method !== 'HEAD') return undefined;
    if (path === metricsPath)
      return {
        route: 'metrics',
        access: { kind: 'catalog' },
        writes: false,
        run: async () => text(200, metrics.format(gauges(registry)), 'text/plain; version=0.0.4; charset=utf-8'),
      };
    if (path === '/healthz' || path === '/debug/health')
      return { route: 'health', access: { kind: 'anyone' }, writes: false, run: health };
    return undefined;
  };
}

function gauges(registry: Registry): Readonly<Record<string, number>> {
  return {
    registry_uploads_running: registry.uploads.running(),
    process_resident_memory_bytes: process.memoryUsage.rss(),
    process_uptime_seconds: process.uptime(),
  };
}

const HEALTH_FILE = 'docker/registry/v2/.health';
/** So often the storage is really tried, however often somebody asks. */
const HEALTH_EVERY_MS = 5000;

/** Answers 200 when the storage could be written and read, else 503 with the reason. */
function createHealth({ registry, clock }: OperationsDeps): Match['run'] {
  const { driver } = registry;
  let last: { readonly atMs: number; readonly problem: Promise<string | undefined> } | undefined;

  async function probe(): Promise<string | undefined> {
    try {
      await driver.write(HEALTH_FILE, 'ok');
      await driver.read(HEALTH_FILE);
      return undefined;
    } catch (error) {
      return messageOf(error);
    }
  }

  return async () => {
    if (last === undefined || clock() - last.atMs > HEALTH_EVERY_MS) last = { atMs: clock(), problem: probe() };
    const problem = await last.problem;
    return problem === undefined ? json(200, {}) : json(503, { storagedriver: problem });
  };
}
