/**
 * JSON text laid out with four spaces as Go's json.Indent: tokens stay as they are written, numbers beyond 2^53 too. Empty
 * objects and arrays stay on their line.
 */
export function indentJson(json: string): string {
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

function newline(depth: number): string {
  return `\n${'    '.repeat(depth)}`;
}
