import { existsSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { KnownError } from '../../../lib/errors.ts';
import { tarEnd, tarHeader, tarPadding } from '../../../lib/tar/writer.ts';
import type { Command } from '../../command.ts';
import { checkContextName, readContext, readTlsFiles } from '../../config/context-store.ts';

/** `docker context export`: a tar of its description and its certificates, private key included. */
export const exportContext: Command = {
  usage: 'docker context export [OPTIONS] CONTEXT [FILE|-]',
  description: 'Export a context to a tar archive FILE or a tar stream on STDOUT.',
  withoutDaemon: true,
  flags: [],
  args: { min: 1, max: 2 },
  run({ out, err, config }, { args }) {
    const [name = '', target = `${name}.dockercontext`] = args;
    const directory = dirname(config.path);
    checkContextName(name);
    const archive = toArchive(JSON.stringify(readContext(directory, name)), readTlsFiles(directory, name));
    if (target === '-') {
      if (process.stdout.isTTY)
        throw new KnownError('invalid_parameter', 'cowardly refusing to export to a terminal, specify a file path');
      out(archive);
      return Promise.resolve(0);
    }
    if (existsSync(target)) throw new KnownError('conflict', `open ${target}: file exists`);
    writeFileSync(target, archive, { mode: 0o600, flag: 'wx' });
    err(`Written file "${target}"\n`);
    return Promise.resolve(0);
  },
};

function toArchive(meta: string, tls: ReturnType<typeof readTlsFiles>): Uint8Array {
  const file = (name: string, text: string, mode: number): readonly Uint8Array[] => {
    const bytes = Buffer.from(text);
    return [tarHeader({ name, type: 'file', mode, size: bytes.length }), bytes, tarPadding(bytes.length)];
  };
  const folder = (name: string): Uint8Array => tarHeader({ name, type: 'directory', mode: 0o700 });
  const endpoints = Object.entries(tls).flatMap(([endpoint, files]) => [
    folder(`tls/${endpoint}`),
    ...Object.entries(files).flatMap(([name, text]) => file(`tls/${endpoint}/${name}`, text, 0o600)),
  ]);
  return Buffer.concat([...file('meta.json', meta, 0o644), folder('tls'), ...endpoints, tarEnd()]);
}
