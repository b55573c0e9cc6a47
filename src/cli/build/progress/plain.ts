import { humanSize } from '../../format/size.ts';
import { isCanceled, type LogUpdate, type Renderer, type StatusUpdate, type VertexUpdate } from './solve-update.ts';
import { secondsText } from './trace.ts';

interface Shown {
  readonly number: number;
  vertex: VertexUpdate;
  /** Of a log line that has not ended. */
  partial: string;
  readonly statusesDone: Set<string>;
}

/** `--progress=plain`, BuildKit's text for logs (util/progress/progressui/printer.go): steps numbered as they appear, every line with its number. */
export function createPlain(out: (text: string) => void): Renderer {
  const shown = new Map<string, Shown>();
  let last: Shown | undefined;

  const enter = (step: Shown): void => {
    if (last === step) return;
    if (last !== undefined) out(last.vertex.completed === undefined ? `#${last.number} ...\n\n` : '\n');
    out(`#${step.number} ${step.vertex.name}\n`);
    last = step;
  };
  const vertex = (update: VertexUpdate): void => {
    const step = shown.get(update.digest) ?? {
      number: shown.size + 1,
      vertex: update,
      partial: '',
      statusesDone: new Set(),
    };
    shown.set(update.digest, step);
    const begins = step.vertex === update;
    step.vertex = { ...update };
    if (begins && last !== undefined && last.vertex.completed === undefined && update.completed === undefined) {
      // shown when it says something
      if (update.started === undefined) return;
    }
    if (update.completed === undefined) {
      if (begins) enter(step);
      return;
    }
    enter(step);
    if (step.partial !== '') line(step, step.partial, update.completed);
    step.partial = '';
    out(`#${step.number} ${endOf(update)}\n`);
  };
  const line = (step: Shown, text: string, atMs: number): void =>
    out(`#${step.number} ${secondsText(atMs - (step.vertex.started ?? atMs))} ${text}\n`);
  const log = ({ vertex: digest, text, timestamp }: LogUpdate): void => {
    const step = shown.get(digest);
    if (step === undefined) return;
    const lines = (step.partial + text).split('\n');
    step.partial = lines.pop() ?? '';
    if (lines.length > 0) enter(step);
    for (const whole of lines) line(step, lastOverwrite(whole), timestamp);
  };
  const status = (update: StatusUpdate): void => {
    const step = shown.get(update.vertex);
    if (step === undefined || update.completed === undefined || step.statusesDone.has(update.id)) return;
    step.statusesDone.add(update.id);
    enter(step);
    out(`#${step.number} ${statusText(update)} done\n`);
  };
  return {
    show({ vertexes = [], statuses = [], logs = [], warnings = [] }) {
      for (const update of vertexes) if (update.completed === undefined) vertex(update);
      for (const update of statuses) status(update);
      for (const update of logs) log(update);
      for (const { vertex: digest, short } of warnings) {
        const step = shown.get(digest);
        if (step === undefined) continue;
        enter(step);
        out(`#${step.number} WARN: ${short}\n`);
      }
      for (const update of vertexes) if (update.completed !== undefined) vertex(update);
    },
    finish() {
      if (last !== undefined) out('\n');
    },
  };
}

/** What a terminal would show of a line with carriage returns. */
function lastOverwrite(text: string): string {
  const parts = text.split('\r').filter((part) => part !== '');
  return parts.at(-1) ?? '';
}

function endOf({ started = 0, completed = 0, cached, error }: VertexUpdate): string {
  if (error !== undefined) return isCanceled(error) ? 'CANCELED' : `ERROR: ${error}`;
  return cached ? 'CACHED' : `DONE ${((completed - started) / 1000).toFixed(1)}s`;
}

/** `transferring context: 12B`, `sha256:... 1MB / 2MB`. */
export function statusText({ id, current, total }: StatusUpdate): string {
  if (total > 0) return `${id} ${humanSize(current)} / ${humanSize(total)}`;
  return current > 0 || id.startsWith('transferring') ? `${id} ${humanSize(current)}` : id;
}
