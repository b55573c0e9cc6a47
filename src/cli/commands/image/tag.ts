import { KnownError, messageOf } from '../../../lib/errors.ts';
import { familiarName, parseReference, type Reference, withDefaultTag } from '../../../oci/reference.ts';
import type { Command } from '../../command.ts';

/** `docker tag`. */
export const tag: Command = {
  usage: 'docker tag SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]',
  description: 'Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE',
  flags: [],
  args: { min: 2, max: 2 },
  async run({ api }, { args }) {
    const [source = '', target = ''] = args;
    if (!/^(?:sha256:)?[0-9a-f]{64}$/.test(source)) parse(source);
    const reference = withDefaultTag(parse(target));
    if (reference.digest !== undefined) {
      throw new KnownError('invalid_parameter', 'refusing to create a tag with a digest reference');
    }
    const query = { repo: familiarName(reference), tag: reference.tag };
    await api.call('POST', `/images/${encodeURIComponent(source)}/tag`, { query });
    return 0;
  },
};

function parse(text: string): Reference {
  try {
    return parseReference(text);
  } catch (error) {
    const problem = `Error parsing reference: ${JSON.stringify(text)} is not a valid repository/tag`;
    throw new KnownError('invalid_parameter', `${problem}: ${messageOf(error)}`, { cause: error });
  }
}
