import type { Flag } from './flag.ts';

/** The list of options as pflag's FlagUsagesWrapped lays it out, in `columns` columns. Hidden flags are left out. */
export function formatFlags(flags: readonly Flag[], columns: number): string {
  const shown = flags.filter((flag) => !flag.hidden).sort((a, b) => (a.name < b.name ? -1 : 1));
  const heads = shown.map(head);
  const widest = Math.max(0, ...heads.map((text) => text.length));
  const lines = shown.map((flag, index) => {
    const left = heads[index] ?? '';
    return `${left.padEnd(widest)}   ${wrap(widest + 3, columns - 1, flag.description + defaultOf(flag))}\n`;
  });
  return lines.join('');
}

function head(flag: Flag): string {
  const name = flag.short ? `  -${flag.short}, --${flag.name}` : `      --${flag.name}`;
  const placeholder = flag.placeholder ?? (flag.kind === 'bool' ? '' : flag.kind);
  return placeholder ? `${name} ${placeholder}` : name;
}

function defaultOf(flag: Flag): string {
  const value = flag.default;
  if (value === undefined || value === '' || value === 0 || value === false) return '';
  return ` (default ${typeof value === 'string' ? JSON.stringify(value) : value})`;
}

const SLOP = 5;
const NARROWEST = 24;

/** pflag's wrap: the first line is indented by the caller, a short last word may hang over. */
function wrap(indent: number, columns: number, text: string): string {
  let start = indent;
  let room = columns - start;
  let lead = '';
  if (room < NARROWEST) {
    start = 16;
    room = columns - start;
    lead = `\n${' '.repeat(start)}`;
  }
  if (room < NARROWEST) return text.replaceAll('\n', lead);
  room -= SLOP;
  const lines: string[] = [];
  for (let rest = text; rest !== '' || lines.length === 0; ) {
    const [line, after] = splitLine(room, rest);
    lines.push(line);
    rest = after;
  }
  const margin = `\n${' '.repeat(start)}`;
  return lead + lines.map((line) => line.replaceAll('\n', margin)).join(margin);
}

function splitLine(room: number, text: string): readonly [string, string] {
  if (room + SLOP > text.length) return [text, ''];
  const part = text.slice(0, room);
  const blank = Math.max(part.lastIndexOf(' '), part.lastIndexOf('\t'), part.lastIndexOf('\n'));
  if (blank <= 0) return [text, ''];
  const feed = part.lastIndexOf('\n');
  const cut = feed > 0 && feed < blank ? feed : blank;
  return [text.slice(0, cut), text.slice(cut + 1)];
}
