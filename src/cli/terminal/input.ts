import { isatty } from 'node:tty';
import { invalid } from '../parse/invalid.ts';

/** True when `fd` is a terminal. */
export function isTerminal(fd: 0 | 1 | 2): boolean {
  return isatty(fd);
}

/** A terminal for the container needs one here. Errors: invalid_parameter `the input device is not a TTY`. */
export function checkTtyInput(stdin: boolean, tty: boolean): void {
  if (stdin && tty && !isTerminal(0)) throw invalid('the input device is not a TTY');
}
