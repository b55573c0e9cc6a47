import { KnownError, messageOf } from '../../../lib/errors.ts';
import { parseReference } from '../../../oci/reference.ts';
import type { Command } from '../../command.ts';

/** `docker commit`. */
export const commit: Command = {
  usage: 'docker commit [OPTIONS] CONTAINER [REPOSITORY[:TAG]]',
  description: "Create a new image from a container's changes",
  flags: [
    {
      name: 'author',
      short: 'a',
      kind: 'string',
      description: 'Author (e.g., "John Hannibal Smith <hannibal@a-team.com>")',
    },
    { name: 'change', short: 'c', kind: 'list', description: 'Apply Dockerfile instruction to the created image' },
    { name: 'message', short: 'm', kind: 'string', description: 'Commit message' },
    { name: 'pause', short: 'p', kind: 'bool', default: true, description: 'Pause container during commit' },
  ],
  args: { min: 1, max: 2 },
  async run({ api, out }, { flags, args }) {
    const [container = '', reference = ''] = args;
    const { Id = '' } = await api.json<{ Id?: string }>('POST', '/commit', {
      query: {
        author: flags.text('author'),
        comment: flags.text('message'),
        container,
        ...nameOf(reference),
        changes: flags.list('change'),
        ...(flags.bool('pause') ? {} : { pause: '0' }),
      },
      body: null,
    });
    out(`${Id}\n`);
    return 0;
  },
};

/** The client checks the name itself. Errors: invalid_parameter. */
function nameOf(reference: string): { readonly repo?: string; readonly tag?: string } {
  if (reference === '') return {};
  const parsed = parseName(reference);
  if (parsed.digest !== undefined)
    throw new KnownError('invalid_parameter', 'refusing to create a tag with a digest reference');
  const tag = parsed.tag ?? 'latest';
  const repo = parsed.tag === undefined ? reference : reference.slice(0, -parsed.tag.length - 1);
  return { repo, tag };
}

function parseName(reference: string): ReturnType<typeof parseReference> {
  try {
    return parseReference(reference);
  } catch (error) {
    throw new KnownError('invalid_parameter', messageOf(error), { cause: error });
  }
}
