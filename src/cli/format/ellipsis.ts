const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u;

/** Cuts a text to so many columns of a terminal, the last one `…` (docker/cli formatter.Ellipsis). */
export function ellipsis(text: string, columns: number): string {
  if (text.length <= columns && !WIDE.test(text)) return text;
  const chars = Array.from(text);
  if (textColumns(text) <= columns) return text;
  if (columns <= 1) return chars.slice(0, columns).join('');
  let [width, kept] = [0, 0];
  for (const char of chars) {
    if (width + columnsOf(char) > columns - 1) break;
    width += columnsOf(char);
    kept += 1;
  }
  return `${chars.slice(0, kept).join('')}…`;
}

/** How many columns of a terminal a text takes: East Asian characters take two. */
export function textColumns(text: string): number {
  let columns = 0;
  for (const char of text) columns += columnsOf(char);
  return columns;
}

function columnsOf(char: string): number {
  return char > '\u10ff' && WIDE.test(char) ? 2 : 1;
}

/** An id without its algorithm, twelve characters (formatter.TruncateID). */
export function shortId(id: string): string {
  return id.slice(id.indexOf(':') + 1).slice(0, 12);
}
