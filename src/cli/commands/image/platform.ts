import { KnownError } from '../../../lib/errors.ts';

/**
 * `linux/arm64/v8` as the API wants platforms: `{"architecture":"arm64","os":"linux","variant":"v8"}`; undefined when empty.
 * Errors: invalid_parameter `invalid platform: ...`.
 */
export function platformQuery(text: string): string | undefined {
  if (text === '') return undefined;
  const [os = '', architecture = '', variant, more] = text.toLowerCase().split('/');
  const valid = [os, architecture, variant ?? 'v'].every((part) => /^[a-z0-9._-]+$/.test(part));
  if (!valid || more !== undefined) {
    const problem = `invalid platform: ${JSON.stringify(text)}: cannot parse platform specifier: invalid argument`;
    throw new KnownError('invalid_parameter', problem);
  }
  return JSON.stringify({ architecture, os, ...(variant === undefined ? {} : { variant }) });
}
