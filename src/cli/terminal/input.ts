import { invalid } from '../../lib/invalid.ts';
import { isTerminal } from './tty.host.ts';

/** A terminal for the container needs one here. Errors: invalid_parameter `the input device is not a TTY`. */
export function checkTtyInput(stdin: boolean, tty: boolean): void {
  if (stdin && tty && !isTerminal(0)) throw invalid('the input device is not a TTY');
}
