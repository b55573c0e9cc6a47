import { dirname } from 'node:path';
import { KnownError } from '../../../lib/errors.ts';
import { invalid } from '../../../lib/invalid.ts';
import { createTarParser } from '../../../lib/tar/parser.ts';
import type { Command } from '../../command.ts';
import { checkContextName, hasContext, parseMeta, type TlsFiles, writeContext } from '../../config/context-store.ts';
import { openArchive } from '../image/load.ts';

/** More than any description and certificates are. */
const MAX_BYTES = 10 * 1024 * 1024;

/** `docker context import`: what `export` has written, under any name. */
export const importContext: Command = {
  usage: 'docker context import CONTEXT FILE|-',
  description: 'Import a context from a tar or zip file',
  withoutDaemon: true,
  flags: [],
  args: { min: 2, max: 2 },
  async run({ out, err, config }, { args }) {
    const [Name = '', source = ''] = args;
    const directory = dirname(config.path);
    checkContextName(Name);
    if (hasContext(directory, Name)) throw new KnownError('conflict', `context "${Name}" already exists`);
    const files = await readFiles(source === '-' ? '' : source);
    const meta = files.get('meta.json');
    if (meta === undefined) throw invalid('invalid context: no metadata found');
    writeContext(directory, { ...parseMeta(meta), Name }, tlsOf(files));
    out(`${Name}\n`);
    err(`Successfully imported context "${Name}"\n`);
    return 0;
  },
};

/** Texts by name. Errors: invalid_parameter for a zip archive, names outside of a context, too much. */
async function readFiles(source: string): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  let current: { readonly name: string; readonly pieces: Uint8Array[] } | undefined;
  const parser = createTarParser({
    entry({ name, type }) {
      const path = name.replace(/^\.\//, '').replace(/\/$/, '');
      if (!/^(?:meta\.json|tls(?:\/[\w.-]+){0,2})$/.test(path) || path.split('/').includes('..'))
        throw invalid(`invalid context file: ${name}`);
      current = type === 'file' ? { name: path, pieces: [] } : undefined;
    },
    data: (piece) => void current?.pieces.push(Uint8Array.from(piece)),
    hole: () => {
      throw invalid('invalid context file');
    },
    entryEnd() {
      if (current) files.set(current.name, Buffer.concat(current.pieces).toString('utf8'));
      current = undefined;
    },
  });
  let size = 0;
  for await (const chunk of openArchive(source)) {
    if (size === 0 && Buffer.from(chunk).subarray(0, 2).toString('latin1') === 'PK')
      throw new KnownError('not_implemented', 'zip archives of contexts are not supported: use a tar archive');
    size += chunk.length;
    if (size > MAX_BYTES) throw invalid('the archive is too large for a context');
    parser.write(chunk);
  }
  parser.end();
  return files;
}

function tlsOf(files: ReadonlyMap<string, string>): TlsFiles {
  const found: Record<string, Record<string, string>> = {};
  for (const [path, text] of files) {
    const [, endpoint, name] = /^tls\/([^/]+)\/([^/]+)$/.exec(path) ?? [];
    if (endpoint !== undefined && name !== undefined) found[endpoint] = { ...found[endpoint], [name]: text };
  }
  return found;
}
