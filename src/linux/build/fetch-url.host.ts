import { createHash } from 'node:crypto';
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { errnoOf, KnownError, messageOf } from '../../lib/errors.ts';
import { shownUrl } from '../../lib/shown-url.ts';
import type { FetchedFile, FetchOptions, RemoteSources } from './remote-sources.ts';

/** What is kept beside a copy. */
interface Kept {
  readonly etag: string;
  readonly lastModified: string;
  readonly sha256: string;
  readonly contentType: string;
}

const MAX_BYTES = 16 * 1024 ** 3;
const KEPT_COPIES = 'url-';

/** Copies of answers that the server can vouch for (ETag, Last-Modified: RFC 9110, "Conditional Requests") are kept below `root`. */
export function createFetcher(root: string): RemoteSources['fetch'] {
  return async (url, folder, options) => {
    // what credentials open is nobody else's
    const own = options.authorization === undefined ? '' : options.authorization;
    const copy = join(
      root,
      `${KEPT_COPIES}${createHash('sha256').update(`${url}\n${own}`).digest('hex').slice(0, 32)}`,
    );
    const kept = readKept(copy);
    let answer = await ask(url, options, kept);
    const target = join(folder, options.name);
    if (answer.status === 304 && kept) {
      await answer.body?.cancel();
      if (takeKept(copy, target, kept)) return finish(target, kept, options);
      answer = await ask(url, options, undefined);
    }
    if (!answer.ok || !answer.body) {
      await answer.body?.cancel();
      throw new KnownError('unavailable', `failed to load ${shownUrl(url)}: invalid response status ${answer.status}`);
    }
    const sha256 = await save(answer.body, target, url, options.signal);
    const facts: Kept = {
      etag: answer.headers.get('etag') ?? '',
      lastModified: answer.headers.get('last-modified') ?? '',
      contentType: answer.headers.get('content-type') ?? '',
      sha256,
    };
    if (facts.etag !== '' || facts.lastModified !== '') keep(copy, target, facts);
    return finish(target, facts, options);
  };
}

/** False: another build has replaced or removed it meanwhile. */
function takeKept(copy: string, target: string, { sha256 }: Kept): boolean {
  try {
    copyFileSync(join(copy, 'file'), target);
    if (createHash('sha256').update(readFileSync(target)).digest('hex') === sha256) return true;
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  rmSync(target, { force: true });
  return false;
}

async function ask(url: string, { authorization, signal }: FetchOptions, kept: Kept | undefined): Promise<Response> {
  const headers = {
    'User-Agent': 'skiff-build',
    ...(authorization === undefined ? {} : { Authorization: authorization }),
    ...(kept && kept.etag !== '' ? { 'If-None-Match': kept.etag } : {}),
    ...(kept && kept.etag === '' ? { 'If-Modified-Since': kept.lastModified } : {}),
    // what the server sends is the file, not what a decoder makes of it
    'Accept-Encoding': 'identity',
  };
  try {
    return await fetch(url, { headers, signal, redirect: 'follow' });
  } catch (error) {
    signal.throwIfAborted();
    throw new KnownError('unavailable', `failed to load ${shownUrl(url)}: ${messageOf(error)}`, { cause: error });
  }
}

async function save(
  body: ReadableStream<Uint8Array>,
  target: string,
  url: string,
  signal: AbortSignal,
): Promise<string> {
  const hash = createHash('sha256');
  const fd = openSync(target, 'wx', 0o600);
  let size = 0;
  try {
    for await (const piece of body) {
      signal.throwIfAborted();
      size += piece.length;
      if (size > MAX_BYTES) throw new KnownError('invalid_parameter', `${shownUrl(url)} is too large`);
      hash.update(piece);
      for (let done = 0; done < piece.length; ) done += writeSync(fd, piece, done);
    }
  } finally {
    closeSync(fd);
  }
  return hash.digest('hex');
}

function finish(
  target: string,
  { sha256, lastModified, contentType }: Kept,
  { checksum, name }: FetchOptions,
): FetchedFile {
  checkDigest(target, sha256, checksum);
  const time = Date.parse(lastModified);
  const seconds = Number.isNaN(time) ? 0 : Math.floor(time / 1000);
  utimesSync(target, seconds, seconds);
  const { size } = statSync(target);
  const entry = {
    path: `/${name}`,
    type: 'file',
    mode: 0o600,
    size,
    link: '',
    hash: sha256,
    xattrs: '',
    sameAs: '',
    owner: '',
    mtime: seconds,
    offset: 0,
  } as const;
  return { entry, contentType };
}

function checkDigest(target: string, sha256: string, checksum: string): void {
  if (checksum === '') return;
  const [algorithm = '', wanted] = checksum.split(':', 2);
  const got = algorithm === 'sha256' ? sha256 : createHash(algorithm).update(readFileSync(target)).digest('hex');
  if (got !== wanted) throw new KnownError('invalid_parameter', `digest mismatch ${algorithm}:${got}: ${checksum}`);
}

function readKept(copy: string): Kept | undefined {
  try {
    const kept = JSON.parse(readFileSync(join(copy, 'facts'), 'utf8')) as Kept;
    const hash = createHash('sha256')
      .update(readFileSync(join(copy, 'file')))
      .digest('hex');
    return hash === kept.sha256 ? kept : undefined;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** A larger one is fetched each time: it would be the cache's largest thing. */
const MAX_KEPT_BYTES = 64 * 1024 * 1024;

function keep(copy: string, target: string, facts: Kept): void {
  if (statSync(target).size > MAX_KEPT_BYTES) return;
  const half = `${copy}.half`;
  rmSync(half, { recursive: true, force: true });
  mkdirSync(half, { recursive: true });
  copyFileSync(target, join(half, 'file'));
  writeFileSync(join(half, 'facts'), JSON.stringify(facts));
  rmSync(copy, { recursive: true, force: true });
  renameSync(half, copy);
  dropOldest(dirname(copy));
}

const MAX_COPIES = 100;

function dropOldest(root: string): void {
  const copies = readdirSync(root).filter((name) => name.startsWith(KEPT_COPIES));
  if (copies.length <= MAX_COPIES) return;
  const byTime = copies.map((name) => ({ path: join(root, name), timeMs: statSync(join(root, name)).mtimeMs }));
  for (const { path } of byTime.toSorted((a, b) => a.timeMs - b.timeMs).slice(0, copies.length - MAX_COPIES))
    rmSync(path, { recursive: true, force: true });
}
