/** The daemon's own log on stderr: logfmt lines, as dockerd writes them, or a JSON object a line. */
export interface Log {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string, error?: unknown): void;
  /** From now on only this level and what is worse. */
  setLevel(level: LogLevel): void;
}

export type LogLevel = (typeof LEVELS)[number];

const LEVELS = ['debug', 'info', 'warn', 'error', 'fatal'] as const;

export function createLog(
  level: LogLevel,
  format: 'text' | 'json' = 'text',
  print: (line: string) => void = (line) => void process.stderr.write(line),
): Log {
  let lowest = LEVELS.indexOf(level);
  const write = (at: LogLevel, message: string, error?: unknown): void => {
    if (LEVELS.indexOf(at) < lowest) return;
    const time = new Date().toISOString();
    const detail = error === undefined ? undefined : textOf(error, lowest === 0);
    if (format === 'json')
      print(`${JSON.stringify({ ...(detail !== undefined && { error: detail }), level: at, msg: message, time })}\n`);
    else
      print(
        `time="${time}" level=${at} msg=${JSON.stringify(message)}${detail === undefined ? '' : ` error=${JSON.stringify(detail)}`}\n`,
      );
  };
  return {
    debug: (message) => write('debug', message),
    info: (message) => write('info', message),
    warn: (message) => write('warn', message),
    error: (message, error) => write('error', message, error),
    setLevel(next) {
      lowest = LEVELS.indexOf(next);
    },
  };
}

function textOf(error: unknown, withStack: boolean): string {
  if (error instanceof Error) return (withStack ? error.stack : undefined) ?? error.message;
  return typeof error === 'string' ? error : 'unknown';
}
