import type { Renderer, SolveUpdate } from './solve-update.ts';

/** `--progress=rawjson`: BuildKit's SolveStatus objects, one a line. */
export function createRawJson(out: (text: string) => void): Renderer {
  return { show: (update) => out(`${JSON.stringify(toSolveStatus(update))}\n`), finish: () => undefined };
}

function toSolveStatus({ vertexes, statuses, logs, warnings }: SolveUpdate): object {
  return {
    ...(vertexes && {
      vertexes: vertexes.map(({ digest, name, started, completed, cached, error }) => ({
        digest,
        name,
        ...(started !== undefined && { started: timeText(started) }),
        ...(completed !== undefined && { completed: timeText(completed) }),
        ...(cached && { cached }),
        ...(error !== undefined && { error }),
      })),
    }),
    ...(statuses && {
      statuses: statuses.map(({ id, vertex, total, current, timestamp, started, completed }) => ({
        id,
        vertex,
        ...(total > 0 && { total }),
        current,
        timestamp: timeText(timestamp),
        started: timeText(started),
        ...(completed !== undefined && { completed: timeText(completed) }),
      })),
    }),
    ...(logs && {
      logs: logs.map(({ vertex, stream, text, timestamp }) => ({
        vertex,
        stream,
        data: Buffer.from(text).toString('base64'),
        timestamp: timeText(timestamp),
      })),
    }),
    ...(warnings && {
      warnings: warnings.map(({ vertex, short }) => ({
        vertex,
        level: 1,
        short: Buffer.from(short).toString('base64'),
      })),
    }),
  };
}

function timeText(ms: number): string {
  return new Date(ms).toISOString();
}
