/**
 * JSON text laid out as Go's json.Indent does with `unit` for each level: tokens stay as they are written, numbers beyond 2^53
 * too. Empty objects and arrays stay on their line.
 */
export function indentJson(json: string, unit = '    '): string {
  const newline = (level: number): string => `\n${unit.repeat(level)}`;
  let text = '';
  let depth = 0;
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|[{[]\s*[}\]]|[{}[\],:]|[^\s{}[\],:"]+/g)) {
    if (token === '{' || token === '[') {
      depth += 1;
      text += token + newline(depth);
    } else if (token === '}' || token === ']') {
      depth -= 1;
      text += newline(depth) + token;
    } else if (token === ',') text += token + newline(depth);
    else if (token === ':') text += ': ';
    else text += token.startsWith('{') || token.startsWith('[') ? token.replace(/\s/g, '') : token;
  }
  return text;
}

/** JSON text without the spaces between its tokens. */
export function compactJson(json: string): string {
  return json.replace(/("(?:[^"\\]|\\.)*")|\s+/g, '$1');
}

/** What Go's json.Marshal makes of JSON text: compact, and nothing in it that HTML or JavaScript would take for its own. */
export function marshalledJson(json: string): string {
  return compactJson(json).replace(/[<>&\u2028\u2029]/g, escapeUnit);
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
