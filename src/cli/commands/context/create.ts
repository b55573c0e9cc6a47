import { dirname } from 'node:path';
import { KnownError } from '../../../lib/errors.ts';
import type { Command } from '../../command.ts';
import { checkContextName, hasContext, readContext, readTlsFiles, writeContext } from '../../config/context-store.ts';
import {
  DEFAULT_DESCRIPTION,
  defaultContext,
  descriptionOf,
  readDockerEndpoint,
  withDockerFiles,
} from '../../config/docker-endpoint.ts';
import { ENDPOINT_FLAGS } from './endpoint-flags.ts';

/** `docker context create`: of an endpoint, of another context, or of what is in use. */
export const create: Command = {
  usage: 'docker context create [OPTIONS] CONTEXT',
  description: 'Create a context',
  withoutDaemon: true,
  flags: [...ENDPOINT_FLAGS, { name: 'from', kind: 'string', description: 'create context from a named context' }],
  args: { min: 1, max: 1 },
  async run({ out, err, config }, { flags, args }) {
    const [Name = ''] = args;
    const directory = dirname(config.path);
    checkContextName(Name);
    if (hasContext(directory, Name)) throw new KnownError('conflict', `context "${Name}" already exists`);
    const given = flags.list('docker');
    const description = flags.text('description');
    if (given.length > 0) {
      if (flags.given('from')) throw new KnownError('invalid_parameter', 'cannot use --docker flag when --from is set');
      const { endpoint, files } = readDockerEndpoint(directory, given);
      const Metadata = description === '' ? {} : { Description: description };
      writeContext(directory, { Name, Metadata, Endpoints: { docker: endpoint } }, withDockerFiles({}, files));
    } else {
      const from = flags.text('from') || config.contextName;
      const source = from === 'default' ? defaultContext(process.env['DOCKER_HOST']) : readContext(directory, from);
      const own = description || descriptionOf(source) || (from === 'default' ? DEFAULT_DESCRIPTION : '');
      const Metadata = { ...source.Metadata, ...(own !== '' && { Description: own }) };
      writeContext(directory, { ...source, Name, Metadata }, from === 'default' ? {} : readTlsFiles(directory, from));
    }
    out(`${Name}\n`);
    err(`Successfully created context "${Name}"\n`);
    return 0;
  },
};
