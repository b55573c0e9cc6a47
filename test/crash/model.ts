/** What a client may expect of one container, from what the daemon has acknowledged and what was under way when it was killed. Pure. */
export interface Expected {
  readonly name: string;
  /** Counts for ever, ends by itself, or ends by itself and removes itself. */
  readonly kind: 'counter' | 'short' | 'auto';
  /** The last acknowledged state. */
  state: 'none' | 'created' | 'running' | 'stopped' | 'removed';
  /** Asked for and not answered: may have happened or not. */
  underWay: 'create' | 'start' | 'stop' | 'remove' | undefined;
  id: string;
  pid: number;
  /** As seen after the start was acknowledged; empty when the daemon went away before. */
  startedAt: string;
  /** Exit code that a short one ends with. */
  readonly exitCode: number;
}

export interface Seen {
  readonly status: string;
  readonly pid: number;
  readonly startedAt: string;
  readonly exitCode: number;
}

type State = Expected['state'];

/** 128 + SIGKILL. */
const KILLED = 137;

const AFTER: Readonly<Record<NonNullable<Expected['underWay']>, State>> = {
  create: 'created',
  start: 'running',
  stop: 'stopped',
  remove: 'removed',
};

/** The states that keep every promise. */
export function allowedStates({ state, underWay }: Pick<Expected, 'state' | 'underWay'>): readonly State[] {
  if (underWay === undefined) return [state];
  return [...new Set<State>([state, AFTER[underWay]])];
}

/** What is wrong with a container as it is seen after the restart; nothing when all is well. */
export function judge(expected: Expected, seen: Seen | undefined): readonly string[] {
  const { name, kind, state, underWay, pid, startedAt, exitCode } = expected;
  const allowed = allowedStates(expected);
  const wrong = (what: string): string[] => [
    `${name} (${kind}, acknowledged ${state}, under way ${underWay ?? 'nothing'}): ${what}`,
  ];
  if (kind === 'auto' && allowed.includes('running')) {
    if (!seen || seen.status === 'running') return [];
    return seen.status === 'created' && allowed.includes('created') ? [] : wrong(`is ${seen.status}, and not removed`);
  }
  if (!seen) return allowed.includes('none') || allowed.includes('removed') ? [] : wrong('is lost');
  if (!allowed.some((one) => one !== 'none' && one !== 'removed')) return wrong(`is there, ${seen.status}`);
  const now = seen.status === 'running' ? 'running' : seen.status === 'created' ? 'created' : 'stopped';
  if (kind === 'short' && allowed.includes('running')) {
    if (now === 'created' && !allowed.includes('created')) return wrong('says created, and was started');
    const killed = underWay === 'stop' && seen.exitCode === KILLED;
    if (now === 'stopped' && seen.exitCode !== exitCode && !killed)
      return wrong(`exit code ${seen.exitCode}, not ${exitCode}`);
    return [];
  }
  if (!allowed.includes(now)) return wrong(`is ${seen.status}`);
  const untouched = state === 'running' && underWay === undefined && startedAt !== '';
  if (untouched && (seen.pid !== pid || seen.startedAt !== startedAt))
    return wrong(`was started anew: pid ${seen.pid} for ${pid}, started ${seen.startedAt} for ${startedAt}`);
  return [];
}

/** What is wrong with the lines of a counter's log: 1, 2, 3 ... without a gap. */
export function judgeLog(name: string, text: string): readonly string[] {
  const lines = text.split('\n').filter(Boolean);
  const gap = lines.findIndex((line, at) => line !== String(at + 1));
  return gap === -1 ? [] : [`${name}: line ${gap + 1} of its log is ${JSON.stringify(lines[gap])}`];
}
