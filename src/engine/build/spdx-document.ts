import type { Distribution, InstalledPackage } from './installed-packages.ts';
import { packageUrl } from './package-url.ts';
import { hashOf } from './step-inputs.ts';

/** An SPDX 2.3 document (JSON) of what is installed in an image. The same packages give the same one, but for `created` (RFC 3339). */
export function spdxDocument(
  packages: readonly InstalledPackage[],
  { distribution, created }: { readonly distribution: Distribution; readonly created: string },
): object {
  const system = distribution.prettyName === '' ? [] : [systemPackage(distribution)];
  const listed = packages.map((one) => toPackage(one, distribution));
  const all = [...system, ...listed];
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: 'sbom',
    documentNamespace: `urn:skiff:sbom:${hashOf([all])}`,
    creationInfo: { created, creators: ['Organization: skiff', 'Tool: skiff-package-scanner'] },
    packages: all,
    relationships: all.map(({ SPDXID }) => ({
      spdxElementId: 'SPDXRef-DOCUMENT',
      relatedSpdxElement: SPDXID,
      relationshipType: 'DESCRIBES',
    })),
  };
}

const NOTHING_KNOWN = {
  downloadLocation: 'NOASSERTION',
  filesAnalyzed: false,
  licenseConcluded: 'NOASSERTION',
  copyrightText: 'NOASSERTION',
} as const;

function systemPackage({ id, version, prettyName }: Distribution): { readonly SPDXID: string } {
  return {
    name: id || prettyName,
    SPDXID: 'SPDXRef-OperatingSystem',
    ...(version === '' ? {} : { versionInfo: version }),
    supplier: 'NOASSERTION',
    ...NOTHING_KNOWN,
    licenseDeclared: 'NOASSERTION',
    description: prettyName,
    primaryPackagePurpose: 'OPERATING-SYSTEM',
  } as { readonly SPDXID: string };
}

function toPackage(one: InstalledPackage, { id, version }: Distribution): { readonly SPDXID: string } {
  const { type, name, architecture, supplier, license, homepage, description, source } = one;
  const vendor = id || (type === 'deb' ? 'debian' : 'alpine');
  const distro = id === '' ? '' : version === '' ? id : `${id}-${version}`;
  return {
    name,
    SPDXID: `SPDXRef-Package-${type}-${name.replace(/[^A-Za-z0-9.-]/g, '-')}-${hashOf([one]).slice(0, 16)}`,
    versionInfo: one.version,
    supplier: supplier === '' ? 'NOASSERTION' : `Organization: ${supplier}`,
    ...NOTHING_KNOWN,
    ...(homepage === '' ? {} : { homepage }),
    sourceInfo: `acquired package info from ${type === 'deb' ? 'DPKG' : 'APK'} DB: ${source}`,
    licenseDeclared: 'NOASSERTION',
    ...(license === '' ? {} : { licenseComments: `declared in the package database as: ${license}` }),
    ...(description === '' ? {} : { description }),
    externalRefs: [
      {
        referenceCategory: 'PACKAGE-MANAGER',
        referenceType: 'purl',
        referenceLocator: packageUrl(type, { vendor, name, version: one.version, architecture, distro }),
      },
    ],
  } as { readonly SPDXID: string };
}
