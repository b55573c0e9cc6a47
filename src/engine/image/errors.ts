import { isKind, KnownError } from '../../lib/errors.ts';
import type { Digest } from '../../oci/digest.ts';
import { digestHex } from '../../oci/digest.ts';
import type { Platform } from '../../oci/platform.ts';
import { formatPlatform } from '../../oci/platform.ts';

/** First 12 hexadecimal digits, as users see ids. */
export function shortId(id: string): string {
  return id.replace(/^sha256:/, '').slice(0, 12);
}

export function noSuchImage(name: string): KnownError {
  return new KnownError('not_found', `No such image: ${name}`);
}

export function ambiguousPrefix(prefix: string): KnownError {
  return new KnownError('invalid_parameter', `multiple IDs found with provided prefix: ${prefix}`);
}

/** Without `platform`: nothing of the image that could be run is here. */
export function wrongPlatform(name: string, platform?: Platform): KnownError {
  const asked = platform ? ` (${formatPlatform(platform)})` : '';
  return new KnownError(
    'not_found',
    `image with reference ${name} was found but does not provide the specified platform${asked}`,
  );
}

/** Not not_found: a client would pull it again, in vain. */
export function notRunnable(name: string): KnownError {
  return new KnownError('invalid_parameter', `${name} is an artifact and not an image: there is nothing in it to run`);
}

export function noMatchingManifest(platform: Platform): KnownError {
  return new KnownError(
    'not_found',
    `no matching manifest for ${formatPlatform(platform)} in the manifest list entries`,
  );
}

/** What a failed request to a registry means for someone who pulls `familiar` (a name with tag or digest). */
export function pullError(error: unknown, familiarName: string, familiar: string): unknown {
  if (!(error instanceof KnownError)) return error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (code === 'TOOMANYREQUESTS') return error;
  const why = error.message;
  if (isKind(error, 'unauthorized', 'forbidden')) {
    return new KnownError(
      'not_found',
      `pull access denied for ${familiarName}, repository does not exist or may require 'docker login': ${why}`,
      { cause: error },
    );
  }
  if (code === 'NAME_UNKNOWN')
    return new KnownError('not_found', `repository ${familiarName} not found: ${why}`, { cause: error });
  if (code === 'MANIFEST_UNKNOWN' || isKind(error, 'not_found')) {
    return new KnownError('not_found', `manifest for ${familiar} not found: ${why}`, { cause: error });
  }
  return error;
}

/** `name`: the full form, with tag or digest. */
export function schema1Removed(name: string): KnownError {
  return new KnownError(
    'invalid_parameter',
    `Docker Image Format v1 and Docker Image manifest version 2, schema 1 support has been removed. Suggest the author of ${name} to upgrade the image to the OCI Format or Docker Image manifest v2, schema 2. More information at https://docs.docker.com/go/deprecated-image-specs/`,
  );
}

export function referenceInUse(familiar: string, containerId: string, image: Digest): KnownError {
  return new KnownError(
    'conflict',
    `conflict: unable to remove repository reference "${familiar}" (must force) - container ${shortId(containerId)} is using its referenced image ${shortId(image)}`,
  );
}

export function usedByRunning(image: Digest, containerId: string): KnownError {
  return deleteConflict(image, 'cannot be forced', `image is being used by running container ${shortId(containerId)}`);
}

export function usedByStopped(image: Digest, containerId: string): KnownError {
  return deleteConflict(image, 'must be forced', `image is being used by stopped container ${shortId(containerId)}`);
}

export function severalRepositories(image: Digest): KnownError {
  return deleteConflict(image, 'must be forced', 'image is referenced in multiple repositories');
}

function deleteConflict(image: Digest, how: string, why: string): KnownError {
  return new KnownError('conflict', `conflict: unable to delete ${digestHex(image).slice(0, 12)} (${how}) - ${why}`);
}

/** It has another size than its manifest says: a power failure or a bad disk. */
export function damagedBlob(digest: Digest): KnownError {
  return new KnownError('data_loss', `content ${digest} is damaged on disk; pull the image again`);
}

export function invalidArchive(why: string): KnownError {
  return new KnownError('invalid_parameter', `invalid image archive: ${why}`);
}
