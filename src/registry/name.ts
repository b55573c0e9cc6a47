import { createHash, type Hash } from 'node:crypto';
import { RegistryError } from './registry-error.ts';

/** A digest this registry can verify: sha256 or sha512 with lower-case hex (image-spec descriptor.md, "Digests"). */
export type ContentDigest = string & { readonly __brand: 'ContentDigest' };
export type DigestAlgorithm = 'sha256' | 'sha512';

const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;
const NAME = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

export function isContentDigest(text: string): text is ContentDigest {
  return DIGEST.test(text);
}

/** Errors: DIGEST_INVALID. */
export function parseContentDigest(text: string): ContentDigest {
  if (!isContentDigest(text)) {
    throw new RegistryError('DIGEST_INVALID', 'the digest is not sha256 or sha512 in lower-case hex', {
      detail: text.slice(0, 200),
    });
  }
  return text;
}

export function algorithmOf(digest: ContentDigest): DigestAlgorithm {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256';
}

export function hexOf(digest: ContentDigest): string {
  return digest.slice(7);
}

export function finishDigest(algorithm: DigestAlgorithm, hash: Hash): ContentDigest {
  return `${algorithm}:${hash.digest('hex')}` as ContentDigest;
}

export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm = 'sha256'): ContentDigest {
  return finishDigest(algorithm, createHash(algorithm).update(bytes));
}

/** Spec, "Pulling manifests": the grammar of `<name>`. Errors: NAME_INVALID. */
export function parseRepositoryName(text: string, maxLength: number): string {
  if (text.length > maxLength)
    throw new RegistryError('NAME_INVALID', `the repository name is longer than ${maxLength} characters`);
  if (!NAME.test(text)) throw new RegistryError('NAME_INVALID', 'invalid repository name', { detail: text });
  return text;
}

export function isRepositoryName(text: string, maxLength: number): boolean {
  return text.length <= maxLength && NAME.test(text);
}

export function isTag(text: string): boolean {
  return TAG.test(text);
}

/** Lexical, case-insensitive order (spec, "Listing Tags"); case decides between equals. */
export function compareTags(a: string, b: string): number {
  const [left, right] = [a.toLowerCase(), b.toLowerCase()];
  if (left !== right) return left < right ? -1 : 1;
  return a === b ? 0 : a < b ? -1 : 1;
}
