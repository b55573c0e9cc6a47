import type { ReloadableConfig } from './daemon-config.ts';

/** What a `daemon reload` event tells, by Docker's names; lists are JSON. */
export function reloadAttributes(name: string, config: ReloadableConfig): Readonly<Record<string, string>> {
  return {
    name,
    debug: String(config.logLevel === 'debug'),
    'default-runtime': config.defaultRuntime,
    'insecure-registries': JSON.stringify(config.insecureRegistries),
    labels: JSON.stringify(config.labels),
    'live-restore': String(config.liveRestore),
    'max-concurrent-downloads': String(config.maxConcurrentDownloads),
    'max-concurrent-uploads': String(config.maxConcurrentUploads),
    'max-download-attempts': String(config.maxDownloadAttempts),
    'registry-mirrors': JSON.stringify(config.registryMirrors),
    runtimes: Object.entries(config.runtimes)
      .map(([runtime, { path }]) => `${runtime}:${path}`)
      .join(' '),
    'shutdown-timeout': String(config.shutdownTimeoutSeconds),
  };
}
