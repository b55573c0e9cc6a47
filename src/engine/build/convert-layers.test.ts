import { expect, test } from 'bun:test';
import { OCI_LAYER } from '../../oci/media-type.ts';
import { planConversion } from './convert-layers.ts';
import type { ImageFormat } from './request.ts';

const GZIP = `${OCI_LAYER}+gzip`;
const DOCKER_GZIP = 'application/vnd.docker.image.rootfs.diff.tar.gzip';
const FOREIGN = 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip';
const WISHES = {
  nothing: { forceCompression: false },
  forced: { forceCompression: true },
  zstd: { compression: 'zstd', forceCompression: false },
  zstdOfAll: { compression: 'zstd', compressionLevel: 3, forceCompression: true },
  plain: { compression: 'uncompressed', compressionLevel: 3, forceCompression: true },
  gzip: { compression: 'gzip', forceCompression: true },
  best: { compressionLevel: 9, forceCompression: false },
} satisfies Record<string, ImageFormat>;

const CASES: readonly [string, 'own' | 'base', keyof typeof WISHES, string | undefined][] = [
  [GZIP, 'own', 'nothing', undefined],
  [GZIP, 'base', 'forced', undefined],
  [GZIP, 'own', 'zstd', 'zstd'],
  [GZIP, 'base', 'zstd', undefined],
  [GZIP, 'base', 'zstdOfAll', 'zstd 3'],
  [DOCKER_GZIP, 'base', 'zstdOfAll', 'zstd 3'],
  [FOREIGN, 'base', 'zstdOfAll', undefined],
  [`${OCI_LAYER}+zstd`, 'own', 'zstd', undefined],
  [`${OCI_LAYER}+zstd`, 'base', 'plain', 'uncompressed 3'],
  [OCI_LAYER, 'base', 'plain', undefined],
  [OCI_LAYER, 'base', 'gzip', 'gzip'],
  [GZIP, 'own', 'gzip', undefined],
  [GZIP, 'own', 'best', 'gzip 9'],
  [GZIP, 'base', 'best', undefined],
];

for (const [mediaType, whose, wish, expected] of CASES)
  test(`${mediaType} of ${whose === 'own' ? 'the build' : 'the base'}, asked for ${wish}: ${expected ?? 'as it is'}`, () => {
    const made = planConversion(mediaType, whose === 'base', WISHES[wish]);
    expect(made && [made.to, made.level].filter((part) => part !== undefined).join(' ')).toBe(expected);
  });
