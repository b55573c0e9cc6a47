import { formatPlatform, type Platform } from '../../oci/platform.ts';
import { canonicalName, familiarName, parseReference } from '../../oci/reference.ts';

/** Package URL of an image (purl-spec, type docker), as BuildKit writes it: `pkg:docker/name@tag?platform=os%2Farch`. */
export function imageUrl(reference: string, platform: Platform): string {
  const parsed = parseReference(reference);
  const name = parsed.registry === 'docker.io' ? familiarName(parsed) : canonicalName(parsed);
  const path = name.split('/').map(encodeURIComponent).join('/');
  const version = parsed.tag === undefined ? '' : `@${encodeURIComponent(parsed.tag)}`;
  const digest = parsed.digest === undefined ? '' : `digest=${parsed.digest}&`;
  return `pkg:docker/${path}${version}?${digest}platform=${encodeURIComponent(formatPlatform(platform))}`;
}

/** Package URL of a Debian or Alpine package; `distro` such as `debian-12`, '' is unknown. */
export function packageUrl(
  type: 'deb' | 'apk',
  {
    vendor,
    name,
    version,
    architecture,
    distro,
  }: {
    readonly vendor: string;
    readonly name: string;
    readonly version: string;
    readonly architecture: string;
    readonly distro: string;
  },
): string {
  const qualifiers = [
    ...(architecture === '' ? [] : [`arch=${encodeURIComponent(architecture)}`]),
    ...(distro === '' ? [] : [`distro=${encodeURIComponent(distro)}`]),
  ];
  const more = qualifiers.length === 0 ? '' : `?${qualifiers.join('&')}`;
  return `pkg:${type}/${encodeURIComponent(vendor)}/${encodeURIComponent(name)}@${encodeURIComponent(version)}${more}`;
}
