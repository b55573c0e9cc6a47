import { formatReference, parseReference, type Reference, withDefaultTag } from '../../../oci/reference.ts';
import type { CommandContext } from '../../command.ts';
import { registryAuth } from '../../config/auth.ts';

/** Fetches an image for create, progress on standard error unless `quiet`. Errors: of the daemon. */
export async function pullImage(
  context: CommandContext,
  reference: Reference,
  platform: string,
  quiet: boolean,
): Promise<void> {
  const { DEFAULT_WIDTH, showProgress } = await import('../../progress/show.ts');
  const { terminalSize } = await import('../../terminal/tty.host.ts');
  const [, width] = terminalSize(2);
  const query = {
    fromImage: formatReference({ ...reference, tag: undefined, digest: undefined }),
    platform,
    tag: reference.digest ?? reference.tag,
  };
  const headers = await registryAuth(context.config.raw, reference, context.err);
  const response = await context.api.send('POST', '/images/create', { query, headers });
  await showProgress(response.body, quiet ? () => undefined : context.err, {
    terminal: width > 0,
    width: width || DEFAULT_WIDTH,
  });
}

/** The reference an image name means, `latest` filled in; undefined for an image's id. Errors: invalid_parameter. */
export function referenceOf(image: string): Reference | undefined {
  return /^(?:sha256:)?[0-9a-f]{64}$/.test(image) ? undefined : withDefaultTag(parseReference(image));
}
