import { readSync } from 'node:fs';
import { ExitError } from '../exit-error.ts';
import { isTerminal, makeRaw } from './tty.host.ts';

const [INTERRUPT, END, BACKSPACE, DELETE] = [3, 4, 8, 127];
const MAX_CHARS = 4096;

/** One line from the terminal; nothing of a secret is shown. Ctrl-C ends the program with status 130. The end of input ends the line. */
export function promptLine(question: string, out: (text: string) => void, secret: boolean): string {
  out(question);
  const restore = secret ? makeRaw(0) : () => undefined;
  try {
    return readLine();
  } finally {
    restore();
    if (secret && isTerminal(0)) out('\n');
  }
}

/** Everything on standard input, which is no terminal, without the line's end. */
export async function readAllInput(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin) text += String(chunk);
  return text.replace(/\r?\n$/, '').replace(/\r$/, '');
}

function readLine(): string {
  const bytes: number[] = [];
  const one = new Uint8Array(1);
  while (bytes.length < MAX_CHARS && readSync(0, one) === 1) {
    const [byte = END] = one;
    if (byte === INTERRUPT) throw new ExitError(130, '');
    if (byte === 10 || byte === 13 || byte === END) break;
    if (byte === BACKSPACE || byte === DELETE) bytes.pop();
    else bytes.push(byte);
  }
  return Buffer.from(bytes).toString('utf8');
}
