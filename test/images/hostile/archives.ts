import { AT, base256, entry, patched, pax, record, special, tar } from './raw-tar.ts';

/**
 * What must hold of an archive in one way in. `refused`: the error says so, and nothing of it stays. `made`: these paths are there, by name a file's
 * content, `/` for a folder, `-> target` for a link, `whiteout`, or the kind of a node; absent ones are `undefined`.
 */
export type Outcome = { readonly refused: RegExp } | { readonly made: Readonly<Record<string, string | undefined>> };

/** An archive that somebody hostile (or careless) made. `outside` is a folder of the host that holds `sentinel`. */
export interface HostileArchive {
  readonly title: string;
  readonly bytes: (outside: string) => Uint8Array;
  /** As a layer: pulled, loaded, imported. */
  readonly layer: Outcome;
  /** Extracted into a container: PUT archive and ADD. */
  readonly copy: Outcome;
  /** ADD, where a container may have what the layer made of it may not. */
  readonly add?: Outcome;
}

const file = (name: string, content = 'x'): Buffer => entry({ name, type: 'file' }, content);
const folder = (name: string): Buffer => entry({ name: `${name}/`, type: 'directory' });
const symlink = (name: string, linkName: string): Buffer => entry({ name, type: 'symlink', linkName });
const link = (name: string, linkName: string): Buffer => entry({ name, type: 'link', linkName });

const both = (outcome: Outcome): Pick<HostileArchive, 'layer' | 'copy'> => ({ layer: outcome, copy: outcome });
const refused = (text: RegExp) => both({ refused: text });
const made = (files: Readonly<Record<string, string | undefined>>) => both({ made: files });

const PATHS: readonly HostileArchive[] = [
  { title: 'a name that begins with ..', bytes: () => tar(file('../out')), ...refused(/outside/) },
  { title: 'a name with .. in the middle', bytes: () => tar(file('a/../../out')), ...refused(/outside/) },
  {
    title: 'an absolute name',
    bytes: (outside) => tar(file(`${outside}/sentinel`, 'bad')),
    layer: { made: {} },
    copy: { made: {} },
  },
  {
    title: 'a file below a link that leads out',
    bytes: (outside) => tar(symlink('out', outside), file('out/sentinel', 'bad')),
    layer: { made: { 'out/sentinel': 'bad' } },
    copy: { refused: /out/ },
  },
  {
    title: 'a file below a chain of links that leads out',
    bytes: (outside) => tar(symlink('a', 'b'), symlink('b', 'c'), symlink('c', outside), file('a/sentinel', 'bad')),
    layer: { made: { 'a/sentinel': 'bad', b: '-> c' } },
    copy: { refused: /sentinel/ },
  },
  {
    title: 'a file below a link that leads out by ..',
    bytes: (outside) => tar(folder('d'), symlink('d/l', `../../../../../..${outside}`), file('d/l/sentinel', 'bad')),
    layer: { made: { 'd/l/sentinel': 'bad' } },
    copy: { refused: /sentinel/ },
  },
  {
    title: 'a folder in the place of a link that leads out',
    bytes: (outside) => tar(symlink('d', outside), folder('d'), file('d/new')),
    layer: { made: { 'd/new': 'x' } },
    copy: { refused: /cannot overwrite non-directory/ },
  },
  {
    title: 'links in a circle, and a file below them',
    bytes: () => tar(symlink('a', 'b'), symlink('b', 'a'), file('a/x')),
    layer: { made: { 'a/x': 'x' } },
    copy: { refused: /ELOOP|too many/ },
  },
  {
    title: 'a file in the place of a link to the outside',
    bytes: (outside) => tar(symlink('s', `${outside}/sentinel`), file('s', 'bad')),
    ...made({ s: 'bad' }),
  },
];

const LINKS: readonly HostileArchive[] = [
  {
    title: 'a hard link to a file outside',
    bytes: (outside) => tar(link('h', `${outside}/sentinel`)),
    ...refused(/ENOENT|no such/),
  },
  {
    title: 'a hard link that leads out by ..',
    bytes: (outside) => tar(link('h', `../../../../..${outside}/sentinel`)),
    ...refused(/outside|invalid hardlink/),
  },
  {
    title: 'a hard link to a link to the outside, written to afterwards',
    bytes: (outside) => tar(symlink('s', `${outside}/sentinel`), link('h', 's'), file('h', 'bad')),
    ...made({ h: 'bad' }),
  },
  {
    title: 'a hard link through a link that leads out',
    bytes: (outside) => tar(symlink('d', outside), link('h', 'd/sentinel')),
    ...refused(/ENOENT|no such/),
  },
  { title: 'a hard link to a later file', bytes: () => tar(link('h', 'f'), file('f')), ...refused(/ENOENT|no such/) },
  {
    title: 'a hard link to a folder',
    bytes: () => tar(folder('d'), link('h', 'd')),
    ...refused(/EPERM|not permitted/),
  },
  { title: 'a hard link to itself', bytes: () => tar(file('f'), link('f', 'f')), ...refused(/ENOENT|no such/) },
  {
    title: 'a chain of hard links',
    bytes: () => tar(file('f', 'all'), link('g', 'f'), link('h', 'g'), link('i', 'h')),
    ...made({ f: 'all', i: 'all' }),
  },
];

const NODES: readonly HostileArchive[] = [
  {
    title: 'devices and pipes are made, as Docker makes them',
    bytes: () =>
      tar(
        entry({ name: 'zero', type: 'character', deviceMajor: 1, deviceMinor: 5 }),
        entry({ name: 'disk', type: 'block', deviceMajor: 8, deviceMinor: 0 }),
        entry({ name: 'pipe', type: 'fifo' }),
      ),
    ...made({ zero: 'character', disk: 'block', pipe: 'fifo' }),
  },
  {
    title: 'a device in the place of a file that follows',
    bytes: () => tar(entry({ name: 'n', type: 'block', deviceMajor: 8, deviceMinor: 0 }), file('n', 'plain')),
    ...made({ n: 'plain' }),
  },
  {
    title: 'a file behind a pipe of the same name',
    bytes: () => tar(entry({ name: 'p', type: 'fifo' }), file('p', 'plain')),
    ...made({ p: 'plain' }),
  },
  {
    title: 'setuid and setgid are kept',
    bytes: () => tar(entry({ name: 'su', type: 'file', mode: 0o6755 }, 'x')),
    ...made({ su: 'x mode 6755' }),
  },
  {
    title: 'a type that is none',
    bytes: () => tar(patched({ name: 'odd', type: 'file' }, [AT.typeflag, 'Z'])),
    ...refused(/unsupported type/),
  },
  {
    title: 'a volume of several',
    bytes: () => tar(patched({ name: 'odd', type: 'file' }, [AT.typeflag, 'M'])),
    ...refused(/unsupported type/),
  },
];

const NAMES: readonly HostileArchive[] = [
  {
    title: 'a zero byte in a name',
    bytes: () => tar(pax(['path', 'a\0b']), file('c')),
    ...refused(/outside|null|zero/),
  },
  {
    title: "a zero byte in a link's target",
    bytes: () => tar(pax(['linkpath', 'a\0b']), symlink('c', 'd')),
    ...refused(/null|zero/),
  },
  { title: 'a line feed in a name', bytes: () => tar(file('a\nb')), ...made({ 'a\nb': 'x' }) },
  { title: 'a name of 5000 bytes', bytes: () => tar(file('n/'.repeat(2500))), ...refused(/too long/) },
  { title: 'a link target of 5000 bytes', bytes: () => tar(symlink('s', 't'.repeat(5000))), ...refused(/too long/) },
  {
    title: 'a part of a name of 256 bytes',
    bytes: () => tar(file('n'.repeat(256))),
    ...refused(/ENAMETOOLONG|too long/),
  },
  { title: 'an empty name', bytes: () => tar(file('')), ...refused(/replaces|cannot overwrite directory/) },
  {
    title: 'a file in the place of the root',
    bytes: () => tar(file('./')),
    ...refused(/replaces|cannot overwrite directory/),
  },
  {
    title: 'a link in the place of the root',
    bytes: () => tar(symlink('/', '/tmp')),
    ...refused(/replaces|cannot overwrite directory/),
  },
];

const HEADERS: readonly HostileArchive[] = [
  {
    title: 'an extended header of 2 MiB',
    bytes: () => tar(pax(['comment', 'c'.repeat(2 << 20)]), file('f')),
    ...refused(/too large/),
  },
  {
    title: 'a GNU long name of 2 MiB',
    bytes: () => tar(special('L', Buffer.alloc(2 << 20, 'n')), file('f')),
    ...refused(/too large/),
  },
  {
    title: 'a GNU long name of 5000 bytes',
    bytes: () => tar(special('L', Buffer.alloc(5000, 'n')), file('f')),
    ...refused(/too long/),
  },
  {
    title: 'extended headers without an entry, without an end',
    bytes: () => tar(...Array.from({ length: 2000 }, (_none, n) => pax([`k${n}`, 'v'.repeat(5000)])), file('f')),
    ...made({ f: 'x' }),
  },
  {
    title: 'an extended header with a negative size',
    bytes: () => tar(patched({ name: 'x', type: 'file' }, [AT.typeflag, 'x'], [AT.size, base256(-1n)])),
    ...refused(/too large/),
  },
  {
    title: 'a record whose length lies',
    bytes: () => tar(special('x', Buffer.from('99 path=x\n')), file('f')),
    ...refused(/malformed extended/),
  },
  {
    title: 'a record whose length is hexadecimal',
    bytes: () => tar(special('x', Buffer.from('0xb path=y\n')), file('f')),
    ...refused(/malformed extended/),
  },
  {
    title: 'a record without a key',
    bytes: () => tar(special('x', Buffer.from('5 abc\n')), file('f')),
    ...refused(/malformed extended/),
  },
  {
    title: 'a negative size',
    bytes: () => tar(patched({ name: 'f', type: 'file' }, [AT.size, base256(-512n)])),
    ...refused(/negative size/),
  },
  {
    title: 'a size of 2^80',
    bytes: () => tar(patched({ name: 'f', type: 'file' }, [AT.size, base256(1n << 80n)])),
    ...refused(/out of range/),
    // No tar to whoever looks at its first header: copied as it is.
    add: { made: { f: undefined } },
  },
  {
    title: 'a size that is no number',
    bytes: () => tar(patched({ name: 'f', type: 'file' }, [AT.size, '9z'])),
    ...refused(/malformed number/),
    // No tar to whoever looks at its first header: copied as it is.
    add: { made: { f: undefined } },
  },
  { title: 'a fraction as size', bytes: () => tar(pax(['size', '0.5']), file('f')), ...refused(/malformed size/) },
  { title: 'a hexadecimal size', bytes: () => tar(pax(['size', '0x1']), file('f')), ...refused(/malformed size/) },
  {
    title: 'a negative size in an extended header',
    bytes: () => tar(pax(['size', '-1']), file('f')),
    ...refused(/negative size/),
  },
  {
    title: 'a size beyond every number',
    bytes: () => tar(pax(['size', '9'.repeat(30)]), file('f')),
    ...refused(/malformed size/),
  },
  {
    title: 'two sizes: the extended header wins',
    bytes: () => tar(pax(['size', '1536']), entry({ name: 'f', type: 'file' }), Buffer.alloc(512, 'a'), file('hidden')),
    ...made({ f: `${'a'.repeat(512)}…1536`, hidden: undefined }),
  },
  {
    title: 'a size on a link is passed over, as Docker does',
    bytes: () =>
      tar(file('f', 'one'), patched({ name: 'l', type: 'link', linkName: 'f' }, [AT.size, '00000001000\0']), file('g')),
    ...made({ l: 'one', g: 'x' }),
  },
  {
    title: 'global headers say nothing of entries, as in Docker',
    bytes: () => tar(special('g', record('path', '../../out')), file('f')),
    ...made({ f: 'x' }),
  },
  {
    title: 'a wrong checksum',
    bytes: () => {
      const bytes = tar(file('f'));
      bytes[0] = 0x67;
      return bytes;
    },
    ...refused(/checksum/),
    // No tar to whoever looks at its first header: copied as it is.
    add: { made: { f: undefined } },
  },
];

const EXBI = 1n << 60n;
const SPARSE: readonly HostileArchive[] = [
  {
    title: 'a sparse file of 1 EiB, format of GNU',
    bytes: () =>
      tar(
        patched(
          { name: 'f', type: 'file' },
          [AT.typeflag, 'S'],
          [257, 'ustar  \0'],
          [345, Buffer.alloc(155)],
          [386, '00000000000\x0000000000000\0'],
          [483, base256(EXBI)],
        ),
      ),
    ...refused(/out of range/),
  },
  {
    title: 'a sparse file of 8 PiB, pax format 1.0',
    bytes: () =>
      tar(
        pax(
          ['GNU.sparse.major', '1'],
          ['GNU.sparse.minor', '0'],
          ['GNU.sparse.name', 'f'],
          ['GNU.sparse.realsize', String(2 ** 53 - 1)],
        ),
        entry({ name: 'f', type: 'file' }, `0\n${'\0'.repeat(510)}`),
      ),
    ...refused(/malformed sparse/),
  },
  {
    title: 'a sparse map whose pieces lie outside of the file',
    bytes: () =>
      tar(
        pax(
          ['GNU.sparse.major', '1'],
          ['GNU.sparse.minor', '0'],
          ['GNU.sparse.name', 'f'],
          ['GNU.sparse.realsize', '10'],
        ),
        entry({ name: 'f', type: 'file' }, `1\n100\n5\n${'\0'.repeat(503)}12345`),
      ),
    ...refused(/malformed sparse/),
  },
  {
    title: 'a sparse map that overlaps itself',
    bytes: () =>
      tar(
        pax(['GNU.sparse.map', '0,5,2,5'], ['GNU.sparse.size', '100'], ['GNU.sparse.numblocks', '2']),
        entry({ name: 'f', type: 'file' }, '0123456789'),
      ),
    ...refused(/malformed sparse/),
  },
  {
    title: "a sparse file's name that leads out",
    bytes: () =>
      tar(
        pax(
          ['GNU.sparse.map', '0,1'],
          ['GNU.sparse.size', '1'],
          ['GNU.sparse.numblocks', '1'],
          ['GNU.sparse.name', '../../out'],
        ),
        entry({ name: 'f', type: 'file' }, '0'),
      ),
    ...refused(/outside/),
  },
];

const ENDS: readonly HostileArchive[] = [
  {
    title: 'cut off in a header',
    bytes: () => tar(file('f')).subarray(0, 300),
    ...refused(/middle of an entry/),
    // No tar to whoever looks at its first header: copied as it is.
    add: { made: { f: undefined } },
  },
  {
    title: 'cut off in the content',
    bytes: () => tar(file('f', 'y'.repeat(2000))).subarray(0, 1500),
    ...refused(/middle of an entry/),
  },
  {
    title: 'cut off before the content',
    bytes: () => tar(file('f', 'y')).subarray(0, 512),
    ...refused(/middle of an entry/),
  },
  {
    title: 'cut off in an extended header',
    bytes: () => tar(pax(['path', 'p'.repeat(700)]), file('f')).subarray(0, 600),
    ...refused(/middle of an entry/),
  },
  { title: 'cut off behind an extended header', bytes: () => pax(['path', 'p']), ...refused(/middle of an entry/) },
  { title: 'without the end mark', bytes: () => file('f'), ...made({ f: 'x' }) },
  {
    title: 'with half of the end mark',
    bytes: () => Buffer.concat([file('f'), Buffer.alloc(512)]),
    ...made({ f: 'x' }),
  },
  {
    title: 'garbage behind the end mark',
    bytes: () => Buffer.concat([tar(file('f')), Buffer.alloc(3000, 'garbage')]),
    ...made({ f: 'x' }),
  },
  {
    title: 'an entry behind the end mark is none',
    bytes: () => Buffer.concat([tar(file('f')), tar(file('hidden'))]),
    ...made({ f: 'x', hidden: undefined }),
  },
  {
    title: 'an entry behind one block of zeros',
    bytes: () => Buffer.concat([file('f'), Buffer.alloc(512), tar(file('hidden'))]),
    ...refused(/after a block of zeros/),
  },
];

const REPEATS: readonly HostileArchive[] = [
  {
    title: 'the same file twice: the last one counts',
    bytes: () => tar(file('f', 'one'), file('f', 'two')),
    ...made({ f: 'two' }),
  },
  {
    title: 'a folder, then a file of its name',
    bytes: () => tar(folder('d'), file('d/in'), file('d', 'file')),
    layer: { made: { d: 'file' } },
    copy: { refused: /cannot overwrite directory/ },
  },
  {
    title: 'a file, then a folder of its name',
    bytes: () => tar(file('d'), folder('d'), file('d/in')),
    layer: { made: { 'd/in': 'x' } },
    copy: { refused: /cannot overwrite non-directory/ },
  },
  { title: 'a file, then a link of its name', bytes: () => tar(file('f'), symlink('f', 'g')), ...made({ f: '-> g' }) },
  {
    title: 'a hundred folders in folders, all of them gone at last',
    bytes: () => tar(folder('d/'.repeat(100).slice(0, -1)), symlink('d', 'e')),
    layer: { made: { d: '-> e' } },
    copy: { refused: /cannot overwrite directory/ },
  },
];

/** Whiteouts mean something in layers only; elsewhere they are names as others are. */
const WHITEOUTS: readonly HostileArchive[] = [
  {
    title: 'a whiteout of nothing',
    bytes: () => tar(file('.wh.')),
    layer: { refused: /malformed whiteout/ },
    copy: { made: { '.wh.': 'x' } },
    add: { refused: /malformed whiteout/ },
  },
  {
    title: 'a whiteout of its folder',
    bytes: () => tar(file('d/.wh..')),
    layer: { refused: /malformed whiteout/ },
    copy: { made: { 'd/.wh..': 'x' } },
    add: { refused: /malformed whiteout/ },
  },
  {
    title: 'a whiteout of the folder above',
    bytes: () => tar(file('d/.wh...')),
    layer: { refused: /malformed whiteout/ },
    copy: { made: { 'd/.wh...': 'x' } },
    add: { refused: /malformed whiteout/ },
  },
  {
    title: 'a whiteout with a way out in its name',
    bytes: () => tar(file('.wh.../../../out')),
    layer: { refused: /outside/ },
    copy: { refused: /outside/ },
  },
  {
    title: 'an opaque mark in the root',
    bytes: () => tar(file('.wh..wh..opq'), file('f')),
    layer: { made: { f: 'x', '.wh..wh..opq': undefined } },
    copy: { made: { f: 'x' } },
  },
  {
    title: 'a whiteout of what the layer itself made',
    bytes: () => tar(file('f'), file('.wh.f')),
    layer: { made: { f: 'whiteout' } },
    copy: { made: { f: 'x' } },
  },
  {
    title: 'a whiteout of what the layer makes later',
    bytes: () => tar(file('.wh.f'), file('f', 'new')),
    ...made({ f: 'new' }),
  },
  {
    title: 'a whiteout below a link that leads out',
    bytes: (outside) => tar(symlink('d', outside), file('d/.wh.sentinel')),
    layer: { made: { 'd/sentinel': 'whiteout' } },
    copy: { refused: /sentinel/ },
  },
  {
    title: 'an opaque mark below a link that leads out',
    bytes: (outside) => tar(symlink('d', outside), file('d/.wh..wh..opq')),
    layer: { made: { d: '/' } },
    copy: { refused: /opq/ },
  },
];

const XATTRS: readonly HostileArchive[] = [
  {
    title: "overlayfs' own attributes are left out, capabilities kept",
    bytes: () =>
      tar(
        entry(
          {
            name: 'f',
            type: 'file',
            xattrs: {
              'trusted.overlay.whiteout': Buffer.from('y'),
              'trusted.overlay.redirect': Buffer.from('/etc'),
              'user.overlay.opaque': Buffer.from('y'),
              'security.capability': Buffer.from('0100000200040000000000000000000000000000', 'hex'),
            },
          },
          'x',
        ),
        entry({ name: 'd/', type: 'directory', xattrs: { 'trusted.overlay.opaque': Buffer.from('y') } }),
      ),
    ...made({ f: 'x xattrs security.capability,user.overlay.opaque', d: '/ xattrs ' }),
  },
  {
    title: 'an attribute without a name space',
    bytes: () => tar(entry({ name: 'f', type: 'file', xattrs: { nonsense: Buffer.from('y') } }, 'x')),
    ...made({ f: 'x xattrs ' }),
  },
  {
    title: 'an attribute larger than the kernel takes',
    bytes: () => tar(entry({ name: 'f', type: 'file', xattrs: { 'user.big': Buffer.alloc(70_000, 'y') } }, 'x')),
    ...refused(/E2BIG/),
  },
];

export const HOSTILE_ARCHIVES: readonly HostileArchive[] = [
  ...PATHS,
  ...LINKS,
  ...NODES,
  ...NAMES,
  ...HEADERS,
  ...SPARSE,
  ...ENDS,
  ...REPEATS,
  ...WHITEOUTS,
  ...XATTRS,
];
