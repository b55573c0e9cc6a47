import { KnownError } from '../lib/errors.ts';
import type { Digest } from './digest.ts';
import { isDigest } from './digest.ts';

/**
 * An image reference in its full form, after Docker's rules for short names: no host means `docker.io`, and there one word
 * means `library/` (grammar: distribution/reference).
 */
export interface Reference {
  /** `docker.io`, `127.0.0.1:5000`, ... */
  readonly registry: string;
  /** `library/busybox` */
  readonly path: string;
  readonly tag: string | undefined;
  readonly digest: Digest | undefined;
}

const COMPONENT = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const PATH = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);
const LABEL = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const HOST = new RegExp(`^(?:${LABEL}(?:\\.${LABEL})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?$`);
const TAG = /^[\w][\w.-]{0,127}$/;
const DIGEST = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;
const MAX_CHARS = 1024;
const MAX_PATH_CHARS = 255;

/** Errors: invalid_parameter `invalid reference format`, with Docker's longer texts where it has one. */
export function parseReference(text: string): Reference {
  if (text.length === 0 || text.length > MAX_CHARS) throw invalid();
  if (/^[0-9a-f]{64}$/.test(text)) {
    throw new KnownError(
      'invalid_parameter',
      `invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`,
    );
  }
  const { registry, remainder } = splitHost(text);
  const remote = remainder.split(':')[0] ?? '';
  if (remote !== remote.toLowerCase()) {
    throw new KnownError(
      'invalid_parameter',
      `invalid reference format: repository name (${remote}) must be lowercase`,
    );
  }
  const at = remainder.indexOf('@');
  const digest = at === -1 ? undefined : remainder.slice(at + 1);
  const { name: path, tag } = splitTag(at === -1 ? remainder : remainder.slice(0, at));
  const valid = PATH.test(path) && HOST.test(registry) && (tag === undefined || TAG.test(tag));
  if (!valid || (digest !== undefined && !DIGEST.test(digest))) throw invalid();
  if (path.length > MAX_PATH_CHARS) {
    throw new KnownError('invalid_parameter', `repository name must not be more than ${MAX_PATH_CHARS} characters`);
  }
  return { registry, path, tag, digest: digest === undefined ? undefined : checkedDigest(digest) };
}

/** Texts of opencontainers/go-digest. */
function checkedDigest(text: string): Digest {
  if (isDigest(text)) return text;
  const [algorithm, hex = ''] = text.split(':');
  const problem =
    algorithm !== 'sha256'
      ? 'unsupported digest algorithm'
      : `invalid checksum digest ${hex.length === 64 ? 'format' : 'length'}`;
  throw new KnownError('invalid_parameter', problem);
}

export function isValidTag(tag: string): boolean {
  return TAG.test(tag);
}

/** The tag `latest` when there is neither tag nor digest. */
export function withDefaultTag(reference: Reference): Reference {
  return reference.tag === undefined && reference.digest === undefined ? { ...reference, tag: 'latest' } : reference;
}

/** Full form, as names are kept: `docker.io/library/busybox:latest`. */
export function formatReference(reference: Reference): string {
  return `${canonicalName(reference)}${suffix(reference)}`;
}

/** The form users see: `busybox:latest`, `team/app@sha256:...`. */
export function familiarReference(reference: Reference): string {
  return `${familiarName(reference)}${suffix(reference)}`;
}

export function canonicalName(reference: Reference): string {
  return `${reference.registry}/${reference.path}`;
}

/** Name without tag or digest as users see it: `busybox`. */
export function familiarName(reference: Reference): string {
  if (reference.registry !== 'docker.io') return canonicalName(reference);
  return reference.path.replace(/^library\/([^/]+)$/, '$1');
}

function suffix({ tag, digest }: Reference): string {
  return `${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

function splitTag(text: string): { readonly name: string; readonly tag: string | undefined } {
  const colon = text.lastIndexOf(':');
  if (colon === -1 || text.indexOf('/', colon) !== -1) return { name: text, tag: undefined };
  return { name: text.slice(0, colon), tag: text.slice(colon + 1) };
}

/** What is before the first slash is a host when it looks like one; without a host one word is below `library/`. */
function splitHost(text: string): { readonly registry: string; readonly remainder: string } {
  const slash = text.indexOf('/');
  const first = slash === -1 ? '' : text.slice(0, slash);
  const isHost = /[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase();
  const given = isHost ? first : 'docker.io';
  const registry = given === 'index.docker.io' ? 'docker.io' : given;
  const remainder = isHost ? text.slice(slash + 1) : text;
  const official = registry === 'docker.io' && !remainder.includes('/');
  return { registry, remainder: official ? `library/${remainder}` : remainder };
}

function invalid(): KnownError {
  return new KnownError('invalid_parameter', 'invalid reference format');
}
