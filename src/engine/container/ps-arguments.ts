/** Long options of ps(1) whose value may be the next word. */
const LONG_WITH_VALUE = [
  '--cols',
  '--columns',
  '--Group',
  '--group',
  '--lines',
  '--pid',
  '--ppid',
  '--quick-pid',
  '--rows',
  '--sid',
  '--sort',
  '--tty',
  '--User',
  '--user',
  '--width',
];
/** The same of UNIX options (with a dash) and BSD ones (without), which may stand together in one word. */
const UNIX_WITH_VALUE = 'CGgOpqstuU';
const BSD_WITH_VALUE = 'pqtUOk';

/** Whether arguments of ps(1) choose the columns: `-o`, `o`, `--format`, or an `o` among other letters, as in `axo pid,cmd`. */
export function asksForColumns(args: readonly string[]): boolean {
  let isValue = false;
  for (const arg of args) {
    if (isValue) {
      isValue = false;
      continue;
    }
    const found = lookAt(arg);
    if (found === 'columns') return true;
    isValue = found === 'value follows';
  }
  return false;
}

function lookAt(arg: string): 'columns' | 'value follows' | 'other' {
  if (arg.startsWith('--')) {
    if (/^--format(=|$)/.test(arg)) return 'columns';
    return LONG_WITH_VALUE.includes(arg) ? 'value follows' : 'other';
  }
  const dashed = arg.startsWith('-');
  const letters = (dashed ? arg.slice(1) : arg).split('');
  const at = letters.findIndex(
    (letter) => letter === 'o' || (dashed ? UNIX_WITH_VALUE : BSD_WITH_VALUE).includes(letter),
  );
  if (at === -1) return 'other';
  if (letters[at] === 'o') return 'columns';
  return at === letters.length - 1 ? 'value follows' : 'other';
}
