import { constants } from 'node:os';
import { invalid } from './errors.ts';

const RTMIN = 34;
const RTMAX = 64;
const BY_NAME: ReadonlyMap<string, number> = new Map<string, number>(Object.entries(constants.signals));

export const SIGKILL = 9;
export const SIGTERM = 15;

/** `SIGTERM`, `term`, `15`, `RTMIN+3` to a number. Errors: invalid_parameter `Invalid signal: x`. */
export function parseSignal(text: string): number {
  if (/^\d+$/.test(text)) return checked(Number(text), text);
  const name = text.toUpperCase().replace(/^SIG/, '');
  const realtime = /^RT(MIN|MAX)(?:([+-])(\d{1,2}))?$/.exec(name);
  if (realtime) {
    const offset = Number(realtime[3] ?? 0) * (realtime[2] === '-' ? -1 : 1);
    return checked((realtime[1] === 'MIN' ? RTMIN : RTMAX) + offset, text);
  }
  return checked(BY_NAME.get(`SIG${name}`) ?? 0, text);
}

function checked(number: number, text: string): number {
  if (number >= 1 && number <= RTMAX) return number;
  throw invalid(`Invalid signal: ${text}`);
}
