import { dirname } from 'node:path';
import type { Command } from '../../command.ts';
import { contextFolders, readContext, readTlsFiles } from '../../config/context-store.ts';
import { defaultContext } from '../../config/docker-endpoint.ts';
import { INSPECT_FORMAT_FLAG } from '../../format/format-flag.ts';
import { printInspected } from '../../format/inspect.ts';

const IN_MEMORY = { MetadataPath: '<IN MEMORY>', TLSPath: '<IN MEMORY>' };

/** `docker context inspect`: those that are named, or the one in use. */
export const inspect: Command = {
  usage: 'docker context inspect [OPTIONS] [CONTEXT] [CONTEXT...]',
  description: 'Display detailed information on one or more contexts',
  withoutDaemon: true,
  flags: [INSPECT_FORMAT_FLAG],
  args: { min: 0 },
  async run(context, { flags, args }) {
    const directory = dirname(context.config.path);
    const names = args.length > 0 ? args : [context.config.contextName];
    return await printInspected(context, names, flags.text('format'), (name) =>
      Promise.resolve({ json: describe(directory, name), type: 'store.Inspected' }),
    );
  },
};

function describe(directory: string, name: string): string {
  if (name === 'default')
    return JSON.stringify({ ...defaultContext(process.env['DOCKER_HOST']), TLSMaterial: {}, Storage: IN_MEMORY });
  const meta = readContext(directory, name);
  const { meta: MetadataPath, tls: TLSPath } = contextFolders(directory, name);
  const TLSMaterial = Object.fromEntries(
    Object.entries(readTlsFiles(directory, name)).map(([endpoint, files]) => [endpoint, Object.keys(files).toSorted()]),
  );
  return JSON.stringify({ ...meta, TLSMaterial, Storage: { MetadataPath, TLSPath } });
}
