import { KnownError } from '../lib/errors.ts';
import type { Platform } from '../oci/platform.ts';
import type { Call } from './route.ts';

const MAX_PLATFORMS = 100;

/** Whether the call is of this version of the API or a later one. */
export function isSince({ apiVersion }: Pick<Call, 'apiVersion'>, major: number, minor: number): boolean {
  const [own = 0, ownMinor = 0] = apiVersion.split('.').map(Number);
  return own > major || (own === major && ownMinor >= minor);
}

/**
 * The platforms of a query, each a JSON object as image-spec has it; none before the version 1.`minor` of the API, which did
 * not know the parameter. Errors: invalid_parameter.
 */
export function platformsOf(
  call: Pick<Call, 'apiVersion' | 'query'>,
  name: string,
  minor: number,
): readonly Platform[] {
  const texts = call.query.getAll(name).filter((text) => text !== '');
  if (!isSince(call, 1, minor)) return [];
  if (texts.length > MAX_PLATFORMS) throw new KnownError('invalid_parameter', `more than ${MAX_PLATFORMS} platforms`);
  return texts.map(parsePlatformJson);
}

/** Texts of moby, daemon/server/httputils/form.go. */
function parsePlatformJson(text: string): Platform {
  let fields: Partial<Record<string, unknown>>;
  try {
    fields = { ...(JSON.parse(text) as object) };
  } catch (error) {
    throw new KnownError('invalid_parameter', `failed to parse platform: ${text.slice(0, 100)}`, { cause: error });
  }
  const { os = '', architecture = '', variant = '' } = fields;
  const version = fields['os.version'] ?? '';
  if (typeof os !== 'string' || typeof architecture !== 'string' || typeof variant !== 'string')
    throw new KnownError('invalid_parameter', `failed to parse platform: ${text.slice(0, 100)}`);
  if (os === '' && architecture === '' && (variant !== '' || version !== ''))
    throw new KnownError(
      'invalid_parameter',
      'optional platform components provided, but OS and Architecture are missing',
    );
  if (os === '' || architecture === '')
    throw new KnownError('invalid_parameter', 'both OS and Architecture must be provided');
  return {
    os,
    architecture,
    ...(variant ? { variant } : {}),
    ...(typeof version === 'string' && version ? { 'os.version': version } : {}),
  };
}
