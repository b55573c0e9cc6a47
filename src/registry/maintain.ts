import { messageOf } from '../lib/errors.ts';
import type { StorageConfig } from './config/config.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import type { Registry } from './registry.ts';
import { type Collected, collect } from './storage/collect.ts';

export interface MaintainDeps {
  readonly registry: Registry;
  readonly config: StorageConfig;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly now: () => number;
}

/** What keeps the storage tidy while the registry serves. */
export interface Maintenance {
  /** Starts the timers. The first collection comes when the process is at least as old as the grace time. */
  start(): void;
  /** One collection now; one at a time. */
  collectNow(): Promise<Collected | undefined>;
  purgeNow(): Promise<void>;
  /** Stops the timers and ends what runs. */
  stop(): Promise<void>;
}

export function createMaintenance({ registry, config, log, metrics, now }: MaintainDeps): Maintenance {
  const { collection, uploadPurging, readOnly } = config;
  const stopping = new AbortController();
  const timers: NodeJS.Timeout[] = [];
  const startedMs = now();
  let running: Promise<unknown> = Promise.resolve();

  async function runCollection(): Promise<Collected | undefined> {
    // What earlier processes told clients is not known any more.
    if (now() - startedMs < collection.graceMs) {
      log.warn('garbage not collected: the process is younger than the grace time', {
        grace: `${collection.graceMs}ms`,
      });
      return undefined;
    }
    try {
      const { graceMs, deleteUntagged } = collection;
      const done = await collect({ ...registry, now, graceMs, deleteUntagged }, stopping.signal);
      metrics.count('registry_collections_total', { result: 'ok' });
      metrics.count('registry_collected_blobs_total', {}, done.blobs);
      metrics.count('registry_collected_bytes_total', {}, done.bytes);
      log.info('garbage collected', { ...done });
      return done;
    } catch (error) {
      if (stopping.signal.aborted) return undefined;
      metrics.count('registry_collections_total', { result: 'error' });
      log.error('garbage collection failed', { 'err.message': messageOf(error) });
      return undefined;
    }
  }

  async function purge(): Promise<void> {
    try {
      for (const repository of await registry.manifests.repositories())
        for (const id of await registry.uploads.purge(repository, now() - uploadPurging.ageMs, uploadPurging.dryRun))
          log.info(uploadPurging.dryRun ? 'upload would be purged' : 'upload purged', { repository, id });
    } catch (error) {
      log.error('purging uploads failed', { 'err.message': messageOf(error) });
    }
  }

  function queued<T>(work: () => Promise<T>): Promise<T> {
    const next = running.then(work);
    running = next.catch(() => undefined);
    return next;
  }

  function every(intervalMs: number, work: () => Promise<unknown>): void {
    timers.push(setInterval(() => void queued(work), Math.min(intervalMs, MAX_TIMER_MS)));
  }

  return {
    start() {
      if (readOnly) return;
      if (collection.enabled) every(collection.intervalMs, runCollection);
      if (uploadPurging.enabled) every(uploadPurging.intervalMs, purge);
    },
    collectNow: async () => await queued(runCollection),
    purgeNow: async () => await queued(purge),
    async stop() {
      for (const timer of timers) clearInterval(timer);
      stopping.abort();
      await running;
    },
  };
}

/** Longer ones fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;
