import { dirname } from 'node:path';
import type { Command } from '../../command.ts';
import { checkContextName, readContext, readTlsFiles, writeContext } from '../../config/context-store.ts';
import { readDockerEndpoint, withDockerFiles } from '../../config/docker-endpoint.ts';
import { ENDPOINT_FLAGS } from './endpoint-flags.ts';

/** `docker context update`: what is not given stays. */
export const update: Command = {
  usage: 'docker context update [OPTIONS] CONTEXT',
  description: 'Update a context',
  withoutDaemon: true,
  flags: ENDPOINT_FLAGS,
  args: { min: 1, max: 1 },
  async run({ out, err, config }, { flags, args }) {
    const [name = ''] = args;
    const directory = dirname(config.path);
    checkContextName(name);
    const before = readContext(directory, name);
    const description = flags.text('description');
    const Metadata = { ...before.Metadata, ...(description !== '' && { Description: description }) };
    const given = flags.list('docker');
    if (given.length === 0) writeContext(directory, { ...before, Metadata });
    else {
      const { endpoint, files } = readDockerEndpoint(directory, given);
      const Endpoints = { ...before.Endpoints, docker: endpoint };
      writeContext(
        directory,
        { ...before, Metadata, Endpoints },
        withDockerFiles(readTlsFiles(directory, name), files),
      );
    }
    out(`${name}\n`);
    err(`Successfully updated context "${name}"\n`);
    return 0;
  },
};
