/** Docker's frame for notes, without colours. */
export function printNote(out: (text: string) => void, note: string): void {
  const header = ' Info -> ';
  out(`\n${header}${note.split('\n').join(`\n${' '.repeat(header.length)}`)}\n`);
}
