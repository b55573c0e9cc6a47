import { KnownError } from '../../lib/errors.ts';

/** The fields of one CSV record (RFC 4180, as Go's encoding/csv reads it). Errors: invalid_parameter. */
export function parseCsvRecord(text: string): readonly string[] {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    const field = text[at] === '"' ? quotedField(text, at) : bareField(text, at);
    fields.push(field.text);
    if (field.end >= text.length) return fields;
    at = field.end + 1;
  }
}

interface Field {
  readonly text: string;
  /** Where the comma is, or the end. */
  readonly end: number;
}

function bareField(text: string, from: number): Field {
  const comma = text.indexOf(',', from);
  const end = comma === -1 ? text.length : comma;
  const field = text.slice(from, end);
  const quote = field.indexOf('"');
  if (quote !== -1) throw csvError(from + quote, 'bare " in non-quoted-field');
  return { text: field, end };
}

function quotedField(text: string, from: number): Field {
  let field = '';
  for (let at = from + 1; at < text.length; at += 1) {
    if (text[at] !== '"') {
      field += text[at];
    } else if (text[at + 1] === '"') {
      field += '"';
      at += 1;
    } else if (at + 1 === text.length || text[at + 1] === ',') {
      return { text: field, end: at + 1 };
    } else throw csvError(at, 'extraneous or missing " in quoted-field');
  }
  throw csvError(text.length, 'extraneous or missing " in quoted-field');
}

function csvError(index: number, why: string): KnownError {
  return new KnownError('invalid_parameter', `parse error on line 1, column ${index + 1}: ${why}`);
}
