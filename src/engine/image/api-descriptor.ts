import type { OCIDescriptor, OCIPlatform } from '../../api/types/image.ts';
import type { Platform } from '../../oci/platform.ts';
import type { Descriptor } from '../../store/content/content-store.ts';

/** A descriptor as the API has it. */
export function toApiDescriptor(descriptor: Descriptor): OCIDescriptor {
  const { mediaType, digest, size, urls, annotations, platform, artifactType } = descriptor;
  return {
    mediaType,
    digest,
    size,
    ...(urls ? { urls: [...urls] } : {}),
    ...(annotations ? { annotations: { ...annotations } } : {}),
    ...(platform ? { platform: toApiPlatform(platform) } : {}),
    ...(artifactType === undefined ? {} : { artifactType }),
  };
}

export function toApiPlatform(platform: Platform): OCIPlatform {
  const { architecture, os, variant } = platform;
  const [version, features] = [platform['os.version'], platform['os.features']];
  return {
    architecture,
    os,
    ...(version ? { 'os.version': version } : {}),
    ...(features ? { 'os.features': [...features] } : {}),
    ...(variant ? { variant } : {}),
  };
}
