import { createKeyedLock } from '../lib/async/keyed-lock.ts';
import { type Blobs, createBlobs } from './storage/blobs.ts';
import type { Driver } from './storage/driver.ts';
import { createManifests, type Manifests, type RequiredPlatforms } from './storage/manifests.ts';
import { createRecent } from './storage/recent.ts';
import { createReferrers, type Referrers } from './storage/referrers.ts';
import { createUploads, type Uploads } from './storage/uploads.ts';

/** All that is stored, on one driver. */
export interface Registry {
  readonly driver: Driver;
  readonly blobs: Blobs;
  readonly uploads: Uploads;
  readonly manifests: Manifests;
  readonly referrers: Referrers;
}

export interface RegistryDeps {
  readonly driver: Driver;
  readonly now: () => number;
  readonly graceMs: number;
  readonly maxUploads: number;
  readonly requiredPlatforms: RequiredPlatforms;
  readonly partial: boolean;
}

export function createRegistry({
  driver,
  now,
  graceMs,
  maxUploads,
  requiredPlatforms,
  partial,
}: RegistryDeps): Registry {
  const recent = createRecent({ now, graceMs });
  const lock = createKeyedLock();
  const blobs = createBlobs({ driver, recent, lock });
  const referrers = createReferrers({ driver });
  const uploads = createUploads({ driver, blobs, now, maxRunning: maxUploads });
  const manifests = createManifests({ driver, blobs, referrers, recent, lock, requiredPlatforms, partial });
  return { driver, blobs, uploads, manifests, referrers };
}
