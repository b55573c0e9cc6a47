import { KnownError } from '../../../lib/errors.ts';
import { isTerminal, terminalSize } from '../../terminal/tty.host.ts';
import { createPlain } from './plain.ts';
import { createRawJson } from './raw-json.ts';
import type { Renderer } from './solve-update.ts';
import { createTty } from './tty.ts';

export type ProgressMode = 'plain' | 'tty' | 'quiet' | 'rawjson';

const MODES = ['auto', 'plain', 'tty', 'quiet', 'rawjson'] as const;
const STDERR = 2;
const REDRAW_MS = 100;

/** `--progress`, else BUILDKIT_PROGRESS, else what suits standard error. Errors: invalid_parameter. */
export function progressMode(given: string, quiet: boolean, fromEnv: string): ProgressMode {
  const text = given || (quiet ? 'quiet' : fromEnv || 'auto');
  const mode = MODES.find((known) => known === text);
  if (mode === undefined) throw new KnownError('invalid_parameter', `invalid progress mode ${text}`);
  if (quiet && mode !== 'auto' && mode !== 'quiet')
    throw new KnownError('invalid_parameter', `progress=${mode} and quiet cannot be used together`);
  if (quiet) return 'quiet';
  if (mode === 'tty' && !isTerminal(STDERR))
    throw new KnownError('invalid_parameter', 'failed to get console: provided file is not a console');
  if (mode !== 'auto') return mode;
  return isTerminal(STDERR) ? 'tty' : 'plain';
}

/** Shows a build on standard error. */
export function openRenderer(mode: ProgressMode, err: (text: string) => void): Renderer {
  switch (mode) {
    case 'plain':
      return createPlain(err);
    case 'rawjson':
      return createRawJson(err);
    case 'quiet':
      return { show: () => undefined, finish: () => undefined };
    case 'tty':
      return createTty({
        out: err,
        size: () => {
          const [height, width] = terminalSize(STDERR);
          return { width: width || 80, height: height || 24 };
        },
        nowMs: Date.now,
        every: (redraw) => {
          const timer = setInterval(redraw, REDRAW_MS);
          return () => clearInterval(timer);
        },
      });
  }
}
