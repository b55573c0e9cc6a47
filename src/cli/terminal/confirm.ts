import type { CommandContext } from '../command.ts';

/** Asks; a `y` of whatever case as the whole line is yes, all else (the end of the input too) no. */
export async function confirm({ out }: CommandContext, question: string): Promise<boolean> {
  out(`${question} [y/N] `);
  let line = '';
  for await (const chunk of process.stdin) {
    line += String(chunk);
    if (line.includes('\n')) break;
  }
  return (line.split('\n')[0] ?? '').trim().toLowerCase() === 'y';
}
