import type { CommandContext } from '../command.ts';
import { humanSize } from '../format/size.ts';

const UPDATE_MS = 75;
const [SAVE, RESTORE, ERASE, HIDE, SHOW] = ['\x1b[s', '\x1b[u', '\x1b[2K', '\x1b[?25l', '\x1b[?25h'];

export interface CopyProgress {
  count(bytes: number): void;
  /** Takes the running line away and says how much was copied, to where. */
  finish(target: string): void;
  /** Takes the running line away. */
  clear(): void;
}

/** How much has been copied: a running line on a terminal, and one line at the end; nothing at all when quiet. */
export function showCopyProgress({ err }: CommandContext, header: string, quiet: boolean): CopyProgress {
  const running = !quiet && process.stderr.isTTY;
  const size = (bytes: number): string => humanSize(bytes, 3);
  let total = 0;
  let shownMs = 0;
  let shown = 0;
  const show = (): void => err(`${RESTORE}${ERASE}${header}${size(total)}`);
  if (running) {
    err(`${SAVE}Preparing to copy...${HIDE}`);
    show();
  }
  const clear = (): void => {
    if (running) err(`${SHOW}${RESTORE}${ERASE}`);
  };
  return {
    count(bytes) {
      total += bytes;
      if (!running || total === shown || Date.now() - shownMs < UPDATE_MS) return;
      shownMs = Date.now();
      shown = total;
      show();
    },
    finish(target) {
      clear();
      if (!quiet) err(`Successfully copied ${size(total)} to ${target}\n`);
    },
    clear,
  };
}
