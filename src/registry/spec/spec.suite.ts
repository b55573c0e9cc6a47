import { afterAll, beforeAll, describe } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestRegistry, type TestRegistry } from '../registry.fake.ts';

/** What the tests of the spec use: a registry, and short forms of requests. */
export interface Spec {
  readonly registry: Pick<TestRegistry, 'fetch' | 'putBlob' | 'putManifest' | 'pushImage'>;
  readonly get: (path: string, headers?: Record<string, string>) => Promise<Response>;
  readonly send: (
    method: string,
    path: string,
    body?: string | Uint8Array,
    headers?: Record<string, string>,
  ) => Promise<Response>;
  /** Begins an upload; its Location. */
  readonly start: (repository: string) => Promise<string>;
}

/** Requirements of one section of the OCI distribution spec 1.1, on a registry in memory and on one on disk. */
export function specSuite(section: string, define: (spec: Spec) => void): void {
  for (const storage of ['memory', 'filesystem'] as const)
    describe(`distribution spec, ${section}, on ${storage}`, () => {
      const root = mkdtempSync(join(tmpdir(), 'skiff-spec-'));
      const { promise, resolve } = Promise.withResolvers<TestRegistry>();
      beforeAll(async () => resolve(await startTestRegistry({ root: storage === 'memory' ? undefined : root })));
      afterAll(async () => {
        await (await promise)[Symbol.asyncDispose]();
        rmSync(root, { recursive: true, force: true });
      });
      const send: Spec['send'] = async (method, path, body, headers = {}) =>
        await (await promise).fetch(path, { method, headers, ...(body === undefined ? {} : { body }) });
      define({
        registry: {
          fetch: async (path, init) => await (await promise).fetch(path, init),
          putBlob: async (repository, content) => await (await promise).putBlob(repository, content),
          putManifest: async (...all) => await (await promise).putManifest(...all),
          pushImage: async (...all) => await (await promise).pushImage(...all),
        },
        send,
        get: async (path, headers = {}) => await send('GET', path, undefined, headers),
        start: async (repository) =>
          (await send('POST', `/v2/${repository}/blobs/uploads/`)).headers.get('location') ?? '',
      });
    });
}
