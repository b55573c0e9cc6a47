import { createHash, randomBytes } from 'node:crypto';
import { parseConfig } from './config/parse-config.ts';
import { createLog } from './log.ts';
import { type Running, serve } from './serve.ts';

/** A registry on a free loopback port, in this process, with what tests ask of one. */
export interface TestRegistry extends AsyncDisposable {
  readonly url: string;
  readonly running: Running;
  /** Lines of the log. */
  readonly lines: readonly string[];
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** Uploads content in one request; returns its digest. */
  putBlob(repository: string, content: Uint8Array | string): Promise<string>;
  putManifest(repository: string, reference: string, manifest: object, contentType?: string): Promise<Response>;
  /** An image of one layer with content of its own; returns its manifest and digest. */
  pushImage(repository: string, tag: string, extra?: object): Promise<PushedImage>;
}

export interface PushedImage {
  readonly digest: string;
  readonly size: number;
  readonly text: string;
  readonly config: string;
  readonly layer: string;
}

export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';

export interface TestRegistryOptions {
  /** YAML of sections other than storage and http. */
  readonly config?: string;
  /** Inside `storage: {}` and `http: {}`. */
  readonly storage?: string;
  readonly http?: string;
  readonly addr?: string;
  /** Undefined: in memory. */
  readonly root?: string | undefined;
  readonly now?: () => number;
}

export async function startTestRegistry(options: TestRegistryOptions = {}): Promise<TestRegistry> {
  const storage = options.root === undefined ? 'inmemory: {}' : `filesystem: { rootdirectory: "${options.root}" }`;
  const lines: string[] = [];
  const more = options.storage ?? 'delete: { enabled: true }';
  const http = `addr: "${options.addr ?? '127.0.0.1:0'}"${options.http ? `, ${options.http}` : ''}`;
  const text = `http: { ${http} }\nstorage: { ${storage}, ${more} }\n${options.config ?? ''}`;
  const log = createLog({
    level: 'info',
    formatter: 'text',
    fields: {},
    now: Date.now,
    write: (line) => lines.push(line),
  });
  const running = await serve(parseConfig(text), log, options.now);
  const url = `http://${running.address}`;
  const fetchHere = async (path: string, init?: RequestInit): Promise<Response> =>
    await fetch(new URL(path, url), init);

  const registry: TestRegistry = {
    url,
    running,
    lines,
    fetch: fetchHere,
    async putBlob(repository, content) {
      const digest = sha256(content);
      const response = await fetchHere(`/v2/${repository}/blobs/uploads/?digest=${digest}`, {
        method: 'POST',
        body: content,
      });
      if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`);
      return digest;
    },
    putManifest: async (repository, reference, manifest, contentType = OCI_MANIFEST) =>
      await fetchHere(`/v2/${repository}/manifests/${reference}`, {
        method: 'PUT',
        body: JSON.stringify(manifest),
        headers: { 'Content-Type': contentType },
      }),
    async pushImage(repository, tag, extra = {}) {
      const [configText, layerBytes] = [`{"os":"linux","architecture":"amd64","n":"${randomHex()}"}`, randomBytes(500)];
      const [config, layer] = [
        await registry.putBlob(repository, configText),
        await registry.putBlob(repository, layerBytes),
      ];
      const manifest = {
        ...imageManifest({ digest: config, size: configText.length }, [{ digest: layer, size: layerBytes.length }]),
        ...extra,
      };
      const response = await registry.putManifest(repository, tag, manifest);
      if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`);
      const text = JSON.stringify(manifest);
      return { digest: sha256(text), size: text.length, text, config, layer };
    },
    [Symbol.asyncDispose]: async () => await running.stop(),
  };
  return registry;
}

interface Sized {
  readonly digest: string;
  readonly size: number;
}

export function imageManifest(config: Sized, layers: readonly Sized[]): object {
  return {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
    layers: layers.map((layer) => ({ mediaType: 'application/vnd.oci.image.layer.v1.tar', ...layer })),
  };
}

export function sha256(content: Uint8Array | string): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

export function sha512(content: Uint8Array | string): string {
  return `sha512:${createHash('sha512').update(content).digest('hex')}`;
}

function randomHex(): string {
  return randomBytes(8).toString('hex');
}

/** The code of the first error of an answer. */
export async function errorCode(response: Response): Promise<string | undefined> {
  const { errors } = (await response.json()) as { errors: readonly { code: string }[] };
  return errors[0]?.code;
}
