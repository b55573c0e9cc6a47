import { KnownError } from '../lib/errors.ts';

/** `algorithm:hex` of content, as OCI image-spec descriptor.md defines it; only sha256 is used by the engine. */
export type Digest = string & { readonly __brand: 'Digest' };
/** Digest of a layer's uncompressed tar. */
export type DiffId = Digest & { readonly __diff: 'DiffId' };
/** Digest that names a stack of layers (image-spec config.md, "Layer ChainID"). */
export type ChainId = Digest & { readonly __chain: 'ChainId' };

const SHA256 = /^sha256:[0-9a-f]{64}$/;

export function isDigest(text: string): text is Digest {
  return SHA256.test(text);
}

/** Errors: invalid_parameter. */
export function parseDigest(text: string): Digest {
  if (!isDigest(text)) throw new KnownError('invalid_parameter', `invalid digest: ${text.slice(0, 100)}`);
  return text;
}

/** The hexadecimal part. */
export function digestHex(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}
