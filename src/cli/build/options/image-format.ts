import type { AskedFormat } from '../../../api/build-session/messages.ts';
import { KnownError } from '../../../lib/errors.ts';
import { bad, oneOf, parseBool } from './fields.ts';

/** Fields of `--output` that say how an image is written down. */
export const FORMAT_FIELDS = ['oci-mediatypes', 'compression', 'compression-level', 'force-compression'] as const;

const HIGHEST = { gzip: 9, zstd: 22 } as const;

/** As BuildKit's exporters read them. Nothing when none is there. Errors: invalid_parameter; not_implemented for estargz. */
export function formatOf(fields: ReadonlyMap<string, string>): { readonly format?: AskedFormat } {
  if (!FORMAT_FIELDS.some((name) => fields.has(name))) return {};
  const kind = fields.get('compression');
  if (kind === 'estargz') throw new KnownError('not_implemented', 'compression=estargz of --output is not supported');
  const compression =
    kind === undefined ? undefined : oneOf('output', 'compression', kind, ['uncompressed', 'gzip', 'zstd']);
  const types = fields.get('oci-mediatypes');
  const level = levelOf(fields.get('compression-level'), compression);
  return {
    format: {
      ...(compression === undefined ? {} : { compression }),
      forceCompression: parseBool('output', 'force-compression', fields.get('force-compression') ?? 'false'),
      ...(level === undefined ? {} : { compressionLevel: level }),
      ...(types === undefined ? {} : { ociTypes: parseBool('output', 'oci-mediatypes', types) }),
    },
  };
}

/** Without a compression it is gzip's, which layers have. */
function levelOf(text: string | undefined, compression: AskedFormat['compression'] = 'gzip'): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,3}$/.test(text)) throw bad(`non-int value ${text} specified for compression-level`);
  if (compression === 'uncompressed') return undefined;
  const level = Number(text);
  const lowest = compression === 'zstd' ? 1 : 0;
  if (level < lowest || level > HIGHEST[compression])
    throw bad(`compression-level of ${compression} must be ${lowest} to ${HIGHEST[compression]}`);
  return level;
}
