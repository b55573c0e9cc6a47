import { algorithmOf, type ContentDigest, hexOf } from '../name.ts';

/**
 * The tree, that of the CNCF registry, so that either can serve what the other has written:
 *
 *   docker/registry/v2/blobs/<algorithm>/<first two of hex>/<hex>/data
 *   docker/registry/v2/repositories/<name>/
 *     _layers/<algorithm>/<hex>/link                          the digest: this repository may give out the blob
 *     _manifests/revisions/<algorithm>/<hex>/link             the digest: this repository has the manifest
 *     _manifests/tags/<tag>/current/link                      the digest the tag stands for
 *     _uploads/<uuid>/data, startedat
 *     _referrers/<algorithm>/<hex>/<algorithm>-<hex>          ours: descriptor (JSON) of a manifest whose subject is the folder's
 *
 * Parts of a repository's name never begin with `_`.
 */
export const REPOSITORIES = 'docker/registry/v2/repositories';
export const BLOBS = 'docker/registry/v2/blobs';

export function repositoryPath(name: string): string {
  return `${REPOSITORIES}/${name}`;
}

export function blobPath(digest: ContentDigest): string {
  const hex = hexOf(digest);
  return `${BLOBS}/${algorithmOf(digest)}/${hex.slice(0, 2)}/${hex}/data`;
}

/** The folder, with what else is there. */
export function layerPath(name: string, digest: ContentDigest): string {
  return `${repositoryPath(name)}/_layers/${algorithmOf(digest)}/${hexOf(digest)}`;
}

export function revisionPath(name: string, digest: ContentDigest): string {
  return `${repositoryPath(name)}/_manifests/revisions/${algorithmOf(digest)}/${hexOf(digest)}`;
}

export function tagsPath(name: string): string {
  return `${repositoryPath(name)}/_manifests/tags`;
}

export function tagPath(name: string, tag: string): string {
  return `${tagsPath(name)}/${tag}`;
}

export function tagLinkPath(name: string, tag: string): string {
  return `${tagPath(name, tag)}/current/link`;
}

export function uploadsPath(name: string): string {
  return `${repositoryPath(name)}/_uploads`;
}

export function uploadPath(name: string, id: string): string {
  return `${uploadsPath(name)}/${id}`;
}

export function referrersPath(name: string, subject: ContentDigest): string {
  return `${repositoryPath(name)}/_referrers/${algorithmOf(subject)}/${hexOf(subject)}`;
}

export function referrerPath(name: string, subject: ContentDigest, referrer: ContentDigest): string {
  return `${referrersPath(name, subject)}/${algorithmOf(referrer)}-${hexOf(referrer)}`;
}
