import { KnownError } from '../../lib/errors.ts';

/** The mode that a file of this mode gets. */
export type ModeChange = (mode: number, isFolder: boolean) => number;

const CLAUSE = /^([ugoa]*)((?:[-+=](?:[rwxXst]*|[ugo]))+)$/;
const SHIFTS = { u: 6, g: 3, o: 0 } as const;

/** Octal as it is, or clauses as chmod(1) has them (`u=rwX,go=rX`, `+x`, `g=u`); without `ugoa` it is for all. '' changes nothing. */
export function parseModeChange(text: string): ModeChange {
  if (text === '') return (mode) => mode;
  if (/^[0-7]+$/.test(text)) {
    const fixed = Number.parseInt(text, 8);
    return () => fixed;
  }
  const clauses = text.split(',').map(parseClause);
  return (mode, isFolder) => clauses.reduce((now, clause) => clause(now, isFolder), mode);
}

function parseClause(text: string): ModeChange {
  const [, who = '', actions = ''] = CLAUSE.exec(text) ?? [];
  if (actions === '') throw new KnownError('invalid_parameter', `invalid chmod parameter: '${text}'`);
  const whose =
    who === '' || who.includes('a')
      ? (['u', 'g', 'o'] as const)
      : (['u', 'g', 'o'] as const).filter((name) => who.includes(name));
  const steps = Array.from(actions.matchAll(/([-+=])([rwxXst]*|[ugo])(?=[-+=]|$)/g), ([, sign = '', what = '']) => ({
    sign,
    what,
  }));
  return (mode, isFolder) => {
    let now = mode;
    for (const { sign, what } of steps) {
      const [bits, special] = bitsOf(what, now, isFolder, whose);
      let [all, cleared] = [special, 0];
      for (const name of whose) {
        all |= bits << SHIFTS[name];
        cleared |= 7 << SHIFTS[name];
      }
      if (sign === '+') now |= all;
      else now = sign === '-' ? now & ~all : (now & ~cleared) | all;
    }
    return now;
  };
}

/** Read, write and execute for whomever, and the bits above them. */
function bitsOf(
  what: string,
  mode: number,
  isFolder: boolean,
  whose: readonly ('u' | 'g' | 'o')[],
): readonly [bits: number, special: number] {
  if (what === 'u' || what === 'g' || what === 'o') return [(mode >> SHIFTS[what]) & 7, 0];
  const runs = what.includes('x') || (what.includes('X') && (isFolder || (mode & 0o111) !== 0));
  const bits = (what.includes('r') ? 4 : 0) | (what.includes('w') ? 2 : 0) | (runs ? 1 : 0);
  const set = what.includes('s') ? (whose.includes('u') ? 0o4000 : 0) | (whose.includes('g') ? 0o2000 : 0) : 0;
  return [bits, set | (what.includes('t') ? 0o1000 : 0)];
}
