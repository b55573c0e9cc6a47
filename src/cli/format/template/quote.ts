const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
};
const NAMES: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};
const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))/gsu;

/** A text in double quotes as strconv.Quote. */
export function quote(text: string): string {
  const inner = text.replace(/["\\]/g, '\\$&').replace(/\p{Cc}/gu, (char) => {
    const code = char.charCodeAt(0);
    const wide = code < 128 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
    return NAMES[char] ?? wide;
  });
  return `"${inner}"`;
}

/** The text of a Go literal in `"`, `'` or backquotes as strconv.Unquote; undefined when an escape is wrong. */
export function unquote(literal: string): string | undefined {
  const mark = literal.charAt(0);
  const body = literal.slice(1, -1);
  if (mark === '`') return body.replaceAll('\r', '');
  let wrong = false;
  const text = body.replace(ESCAPE, (_all, hex, four, eight, octal, name: string | undefined) => {
    const digits: string | undefined = hex ?? four ?? eight;
    if (digits !== undefined) return String.fromCodePoint(Number.parseInt(digits, 16));
    if (octal !== undefined) return String.fromCodePoint(Number.parseInt(String(octal), 8));
    const char = ESCAPES[name ?? ''];
    wrong ||= char === undefined || (name !== mark && (name === '"' || name === "'"));
    return char ?? '';
  });
  return wrong || (mark === "'" && Array.from(text).length !== 1) ? undefined : text;
}
