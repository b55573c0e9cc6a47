import type { TarHeader } from '../../src/lib/tar/header.ts';
import { createTarParser } from '../../src/lib/tar/parser.ts';

/** Entries of an archive in their order, with their content. */
export function readTar(archive: Uint8Array): readonly { readonly header: TarHeader; readonly content: Buffer }[] {
  const entries: { header: TarHeader; content: Buffer }[] = [];
  const parser = createTarParser({
    entry: (header) => void entries.push({ header, content: Buffer.alloc(0) }),
    data: (piece) => {
      const last = entries.at(-1);
      if (last) last.content = Buffer.concat([last.content, piece]);
    },
    hole: () => {
      throw new Error('no sparse files are expected here');
    },
    entryEnd: () => undefined,
  });
  parser.write(archive);
  parser.end();
  return entries;
}

/** The content of one file of an archive. */
export function fileOf(archive: Uint8Array, name: string): Buffer {
  const entry = readTar(archive).find(({ header }) => header.name === name);
  if (entry === undefined) throw new Error(`no ${name} in the archive`);
  return entry.content;
}
