import { constants } from 'node:os';

const NAMES = new Set([...Object.keys(constants.signals).map((name) => name.slice(3)), 'CLD', 'IOT', 'POLL', 'STKFLT']);
const REAL_TIME = /^RTM(?:IN(?:\+(?:[1-9]|1[0-5]))?|AX(?:-(?:[1-9]|1[0-4]))?)$/;

/** A number above 0, or a name with or without SIG. */
export function isSignal(text: string): boolean {
  if (/^\d+$/.test(text)) return Number(text) !== 0;
  const name = text.toUpperCase().replace(/^SIG/, '');
  return NAMES.has(name) || REAL_TIME.test(name);
}
