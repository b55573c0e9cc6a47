import type { Download } from './download.ts';
import { createDownload } from './download.ts';
import { explainingTls } from './tls-failure.host.ts';

/** Downloads by the machine's own network. */
export function createHostDownload(): Download {
  return createDownload(explainingTls((url, init) => globalThis.fetch(url, init)));
}
