import { invalid } from '../../lib/invalid.ts';

/** The fields of one line of comma-separated values; quoted fields keep their commas. Errors: invalid_parameter. */
export function parseCsvLine(text: string): readonly string[] {
  if (text === '') throw invalid('EOF');
  const fields: string[] = [];
  for (let at = 0; at <= text.length; ) {
    const rest = text.slice(at);
    const quoted = /^"((?:[^"]|"")*)"(?=,|$)/.exec(rest);
    const plain = /^[^,]*/.exec(rest)?.[0] ?? '';
    if (quoted === null && plain.includes('"')) {
      const column = at + plain.indexOf('"') + 1;
      const what = plain.startsWith('"') ? 'extraneous or missing " in quoted-field' : 'bare " in non-quoted-field';
      throw invalid(`parse error on line 1, column ${column}: ${what}`);
    }
    fields.push(quoted === null ? plain : (quoted[1] ?? '').replaceAll('""', '"'));
    at += (quoted === null ? plain : quoted[0]).length + 1;
  }
  return fields;
}
