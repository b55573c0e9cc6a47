/** Lines for programs: logfmt (`text`) or one JSON object each (`json`), with the fields the CNCF registry gives them. */
export interface Log {
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
}

export type Fields = Readonly<Record<string, string | number | boolean | undefined>>;
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface LogOptions {
  readonly level: LogLevel;
  readonly formatter: 'text' | 'json';
  /** On every line. */
  readonly fields: Fields;
  readonly write: (line: string) => void;
  readonly now: () => number;
}

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

export function createLog({ level, formatter, fields, write, now }: LogOptions): Log {
  const format = formatter === 'json' ? JSON.stringify : formatLogfmt;
  const at =
    (own: LogLevel) =>
    (message: string, more: Fields = {}): void => {
      if (LEVELS.indexOf(own) < LEVELS.indexOf(level)) return;
      write(`${format({ time: new Date(now()).toISOString(), level: own, msg: message, ...fields, ...more })}\n`);
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** Values with anything but word characters are quoted, so that a line stays a line whatever a client sends. */
export function formatLogfmt(fields: Fields): string {
  const words = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${formatValue(String(value))}`],
  );
  return words.join(' ');
}

function formatValue(value: string): string {
  return /^[\w.:/@+-]+$/.test(value) ? value : JSON.stringify(value);
}
