import { statusText } from './plain.ts';
import { isCanceled, type Renderer, type SolveUpdate, type StatusUpdate, type VertexUpdate } from './solve-update.ts';

export interface TtyOptions {
  readonly out: (text: string) => void;
  /** Columns and rows of the terminal. */
  readonly size: () => { readonly width: number; readonly height: number };
  readonly nowMs: () => number;
  /** Calls back every now and then, until the result is called. */
  readonly every: (redraw: () => void) => () => void;
}

interface Drawn {
  vertex: VertexUpdate;
  readonly statuses: Map<string, StatusUpdate>;
  tail: string[];
  partial: string;
}

/** Lines of a step's output that are shown while it runs. */
const LOG_LINES = 6;

/** `--progress=tty`: a block that is drawn again in its place (progressui/display.go). */
export function createTty({ out, size, nowMs, every }: TtyOptions): Renderer {
  const steps = new Map<string, Drawn>();
  const startedMs = nowMs();
  let drawn = 0;
  let changed = true;

  const draw = (finished: boolean): void => {
    const { width, height } = size();
    const lines = blockLines([...steps.values()], { width, elapsedMs: nowMs() - startedMs, nowMs: nowMs(), finished });
    // what does not fit cannot be drawn again; at the end everything is said
    const fitting = finished ? lines : [...lines.slice(0, 1), ...lines.slice(1).slice(-Math.max(1, height - 2))];
    const up = drawn === 0 ? '' : `\x1b[${drawn}A`;
    out(`\x1b[?25l${up}\x1b[0J${fitting.map((line) => `${line}\n`).join('')}\x1b[?25h`);
    drawn = finished ? 0 : fitting.length;
  };
  const stop = every(() => {
    const running = [...steps.values()].some(({ vertex }) => vertex.completed === undefined);
    if (changed || running) draw(false);
    changed = false;
  });
  return {
    show(update) {
      take(steps, update);
      changed = true;
    },
    finish() {
      stop();
      draw(true);
    },
  };
}

function take(steps: Map<string, Drawn>, { vertexes = [], statuses = [], logs = [] }: SolveUpdate): void {
  for (const vertex of vertexes) {
    const known = steps.get(vertex.digest);
    if (known) known.vertex = vertex;
    else steps.set(vertex.digest, { vertex, statuses: new Map(), tail: [], partial: '' });
  }
  for (const status of statuses) steps.get(status.vertex)?.statuses.set(status.id, status);
  for (const { vertex, text } of logs) {
    const step = steps.get(vertex);
    if (step === undefined) continue;
    const lines = (step.partial + text).split('\n');
    step.partial = (lines.pop() ?? '').slice(-4096);
    step.tail = [...step.tail, ...lines].slice(-LOG_LINES);
  }
}

interface Block {
  readonly width: number;
  readonly elapsedMs: number;
  readonly nowMs: number;
  readonly finished: boolean;
}

/** The lines of the block, without colours. Pure. */
function blockLines(steps: readonly Drawn[], block: Block): readonly string[] {
  const done = steps.filter(({ vertex }) => vertex.completed !== undefined).length;
  const word = block.finished ? ' FINISHED' : '';
  const head = `[+] Building ${seconds(block.elapsedMs)} (${done}/${steps.length})${word}`;
  return [head, ...steps.flatMap((step) => stepLines(step, block))].map((line) => line.slice(0, block.width - 1));
}

function stepLines({ vertex, statuses, tail, partial }: Drawn, { width, nowMs }: Block): readonly string[] {
  const { name, started = nowMs, completed, cached, error } = vertex;
  const word = error === undefined ? (cached ? 'CACHED ' : '') : isCanceled(error) ? 'CANCELED ' : 'ERROR ';
  const lines = [timed(` => ${word}${name}`, (completed ?? nowMs) - started, width)];
  for (const status of statuses.values())
    lines.push(timed(` => => ${statusText(status)}`, (status.completed ?? nowMs) - status.started, width));
  if (completed !== undefined) return lines;
  const last = partial === '' ? tail : [...tail, partial].slice(-LOG_LINES);
  return [...lines, ...last.map((line) => ` => => # ${printable(line)}`)];
}

/** The time stands at the right. */
function timed(text: string, ms: number, width: number): string {
  const time = seconds(ms);
  const room = Math.max(1, width - 1 - time.length - 1);
  return `${text.slice(0, room).padEnd(room)} ${time}`;
}

function seconds(ms: number): string {
  return `${(Math.max(0, ms) / 1000).toFixed(1)}s`;
}

/** Nothing of a step's output moves the cursor. */
function printable(text: string): string {
  return text.replace(SEQUENCES, '').replace(/\p{Cc}/gu, ' ');
}

/** Colours and movements (ECMA-48, CSI). */
const SEQUENCES = new RegExp(`${String.fromCharCode(27)}\\[[0-9;?]*[A-Za-z]`, 'g');
