import { createHash } from 'node:crypto';
import type { MissReason, ProgressEvent, Vertex } from '../../../engine/build/progress.ts';
import { CANCELED, type SolveUpdate, type VertexUpdate } from './solve-update.ts';

/** Makes BuildKit's steps of what our daemon tells. */
export interface Trace {
  told(event: ProgressEvent): void;
  /** A step of the client's own, done when the result is called (with an error: failed). */
  begin(name: string): InternalStep;
  /** Whatever still runs has ended with the build. */
  end(): void;
  /** The step that made the build fail. */
  failed(): FailedStep | undefined;
  /** Why steps were not cached, in the order in which they began. */
  reasons(): readonly { readonly name: string; readonly miss: MissReason }[];
  readonly warnings: readonly string[];
}

export interface InternalStep {
  readonly name: string;
  /** `transferring context: 12B`; the next one with the same id takes its place. */
  status(id: string, currentBytes: number, done: boolean): void;
  done(error?: string): void;
}

export interface FailedStep {
  readonly name: string;
  /** Its last lines, with their time in seconds since its start. */
  readonly lines: readonly string[];
  readonly place: { readonly start: number; readonly end: number } | undefined;
}

interface Step {
  vertex: VertexUpdate;
  readonly place: FailedStep['place'];
  readonly tail: string[];
  /** Of a line that has not ended. */
  partial: string;
}

const TAIL_LINES = 10;
const EXPORTING = 'exporting to image';

export function createTrace(emit: (update: SolveUpdate) => void, nowMs: () => number): Trace {
  const steps = new Map<string, Step>();
  const reasons: { readonly id: string; readonly miss: MissReason }[] = [];
  const warnings: string[] = [];
  const pulls = new Map<string, { readonly step: InternalStep; readonly digest: string }>();
  let pulling: string | undefined;
  let failedId: string | undefined;
  const tasks = new Map<string, InternalStep>();
  let exported: InternalStep | undefined;

  const start = (digest: string, name: string, place: Step['place']): void => {
    const known = steps.get(digest);
    if (known !== undefined) return;
    const vertex = { digest, name, started: nowMs() };
    steps.set(digest, { vertex, place, tail: [], partial: '' });
    emit({ vertexes: [vertex] });
  };
  const finish = (digest: string, more: Partial<VertexUpdate>): void => {
    const step = steps.get(digest);
    if (step === undefined || step.vertex.completed !== undefined) return;
    step.vertex = { ...step.vertex, completed: nowMs(), ...more };
    emit({ vertexes: [step.vertex] });
  };
  const begin = (name: string): InternalStep => {
    const digest = digestOf(name);
    start(digest, name, undefined);
    return {
      name,
      status: (id, current, done) => {
        const now = nowMs();
        const started = steps.get(digest)?.vertex.started ?? now;
        const ends = done ? { completed: now } : {};
        emit({ statuses: [{ vertex: digest, id, total: 0, current, timestamp: now, started, ...ends }] });
      },
      done: (error) => finish(digest, error === undefined ? {} : { error }),
    };
  };
  const begun = (vertex: Vertex): void => {
    const { id, place, role } = vertex;
    if (place === undefined) return;
    start(digestIn(id), nameOf(vertex), place.lines);
    if (role === 'base') finish(digestIn(id), {});
  };
  const log = (id: string, stream: 1 | 2, text: string): void => {
    const step = steps.get(digestIn(id));
    if (step === undefined) return;
    const timestamp = nowMs();
    const lines = (step.partial + text).split('\n');
    step.partial = (lines.pop() ?? '').slice(-MAX_LINE);
    const since = secondsText(timestamp - (step.vertex.started ?? timestamp));
    step.tail.push(...lines.slice(-TAIL_LINES).map((line) => `${since} ${line}`));
    step.tail.splice(0, step.tail.length - TAIL_LINES);
    emit({ logs: [{ vertex: digestIn(id), stream, text, timestamp }] });
  };
  const pulled = (message: Readonly<Record<string, unknown>>): void => {
    const { status, id, progressDetail } = message;
    if (typeof status !== 'string') return;
    const from = /^Pulling from (.+)$/.exec(status)?.[1];
    if (from !== undefined) {
      pulling = `[internal] pull ${from}:${String(id)}`;
      pulls.set(pulling, { step: begin(pulling), digest: digestOf(pulling) });
      return;
    }
    const pull = pulls.get(pulling ?? '');
    if (pull === undefined) return;
    if (status.startsWith('Status: ')) return pull.step.done();
    if (typeof id !== 'string') return;
    const { current = 0, total = 0 } = (progressDetail ?? {}) as { readonly current?: number; readonly total?: number };
    const now = nowMs();
    const done = status === 'Pull complete' || status === 'Already exists';
    if (status !== 'Downloading' && !done) return;
    const ends = done ? { completed: now } : {};
    emit({ statuses: [{ vertex: pull.digest, id, total, current, timestamp: now, started: now, ...ends }] });
  };

  const taskEnded = (id: string, error: string | undefined): void => {
    const task = tasks.get(id);
    tasks.delete(id);
    // its names are told of afterwards
    if (task?.name === EXPORTING && error === undefined) exported = task;
    else task?.done(error);
  };

  return {
    begin,
    warnings,
    told(event) {
      switch (event.kind) {
        case 'started':
          return begun(event.vertex);
        case 'cached':
          return finish(digestIn(event.id), { cached: true });
        case 'completed':
          return finish(digestIn(event.id), {});
        case 'failed':
          failedId ??= digestIn(event.id);
          return finish(digestIn(event.id), { error: event.command ? processText(event.command) : event.message });
        case 'explained':
          return void reasons.push(event);
        case 'log':
          return log(event.id, event.stream === 'stdout' ? 1 : 2, event.text);
        case 'warning':
          return void warnings.push(event.text);
        case 'pull':
          return pulled(event.message);
        case 'finding': {
          const { rule, detail, location } = event.finding;
          return void warnings.push(`${rule}: ${detail} (line ${location.start})`);
        }
        case 'task':
          exported?.done();
          exported = undefined;
          return void tasks.set(event.id, begin(event.name));
        case 'task-ended':
          return taskEnded(event.id, event.error);
        case 'push':
          return; // the task says how it ended
        case 'image': {
          const step = exported ?? begin(EXPORTING);
          exported = undefined;
          step.status(`writing image ${event.imageId}`, 0, true);
          for (const name of event.names) step.status(`naming to ${fullName(name)}`, 0, true);
          return step.done();
        }
        case 'planned':
        case 'running':
          return;
      }
    },
    end() {
      exported?.done();
      for (const [digest, { vertex }] of steps) if (vertex.completed === undefined) finish(digest, { error: CANCELED });
    },
    failed() {
      const step = failedId === undefined ? undefined : steps.get(failedId);
      if (step === undefined) return undefined;
      const { vertex, tail, partial, place } = step;
      const last = partial === '' ? [] : [`${secondsText(nowMs() - (vertex.started ?? 0))} ${partial}`];
      return { name: vertex.name, lines: [...tail, ...last].slice(-TAIL_LINES), place };
    },
    reasons: () => reasons.map(({ id, miss }) => ({ name: steps.get(digestIn(id))?.vertex.name ?? id, miss })),
  };
}

/** BuildKit's words for a command that has failed. */
export function processText({
  argv,
  exitCode,
}: {
  readonly argv: readonly string[];
  readonly exitCode: number;
}): string {
  return `process ${JSON.stringify(argv.join(' '))} did not complete successfully: exit code: ${exitCode}`;
}

const MAX_LINE = 64 * 1024;

/** As BuildKit has it (progressui): four digits, five characters. */
export function secondsText(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  const whole = String(Math.trunc(seconds)).length;
  return seconds.toFixed(Math.max(0, 4 - whole)).slice(0, 5);
}

/** `[stage 2/4] RUN ...`, numbers as wide as the last one (frontend/dockerfile/dockerfile2llb prefixCommand). */
function nameOf({ name, place, platform }: Vertex): string {
  if (place === undefined) return name;
  const { stage, index, total, reference } = place;
  const count = `${String(index).padStart(String(total).length)}/${total}`;
  const text = reference === '' ? firstLine(name) : `FROM ${reference}`;
  return `[${[platform, stage, count].filter(Boolean).join(' ')}] ${text}`;
}

function firstLine(text: string): string {
  const [first = '', ...rest] = text.replace(/\\\n\s*/g, '').split('\n');
  return rest.length === 0 ? first : `${first} (${rest.find((line) => line.trim() !== '')?.trim() ?? ''}...)`;
}

function digestIn(id: string): string {
  return `sha256:${id}`;
}

function digestOf(name: string): string {
  return `sha256:${createHash('sha256').update(name).digest('hex')}`;
}

function fullName(name: string): string {
  const [first = ''] = name.split('/');
  if (!name.includes('/')) return `docker.io/library/${name}`;
  return first.includes('.') || first.includes(':') || first === 'localhost' ? name : `docker.io/${name}`;
}
