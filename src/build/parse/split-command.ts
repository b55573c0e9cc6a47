export interface CommandLine {
  readonly name: string;
  readonly flags: readonly string[];
  readonly rest: string;
}

/** Name, flags and the rest of an instruction's line. `--` ends the flags. */
export function splitCommand(line: string): CommandLine {
  const [, name = '', after = ''] = /^(\S*)[\t\v\f\r ]*([\s\S]*)$/.exec(line.trim()) ?? [];
  const { flags, end } = readFlags(after);
  return { name, flags, rest: after.slice(end).trim() };
}

/** Flags may be quoted, and a backslash takes the next character whatever the escape directive says. */
function readFlags(text: string): { readonly flags: readonly string[]; readonly end: number } {
  const flags: string[] = [];
  let at = 0;
  for (;;) {
    while (/\s/.test(text[at] ?? '')) at += 1;
    if (!text.startsWith('--', at)) return { flags, end: at };
    const word = readWord(text, at);
    at = word.end;
    if (word.text === '--') return { flags, end: at };
    flags.push(word.text);
  }
}

function readWord(text: string, from: number): { readonly text: string; readonly end: number } {
  let word = '';
  let quote = '';
  let at = from;
  for (; at < text.length; at += 1) {
    const char = text[at] ?? '';
    if (quote === '' && /\s/.test(char)) break;
    if (char === '\\') {
      at += 1;
      word += text[at] ?? '';
    } else if (char === quote) quote = '';
    else if (quote === '' && (char === '"' || char === "'")) quote = char;
    else word += char;
  }
  return { text: word, end: at };
}
