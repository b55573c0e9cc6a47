/** The daemon's own log: logfmt lines on stderr, as dockerd writes them. */
export interface Log {
  debug(message: string): void;
  info(message: string): void;
  error(message: string, error?: unknown): void;
}

export function createLog(debug: boolean): Log {
  const write = (level: string, message: string, error?: unknown): void => {
    const detail =
      error === undefined
        ? ''
        : ` error=${JSON.stringify(error instanceof Error ? (debug ? error.stack : error.message) : typeof error === 'string' ? error : 'unknown')}`;
    process.stderr.write(`time="${new Date().toISOString()}" level=${level} msg=${JSON.stringify(message)}${detail}\n`);
  };
  return {
    debug: (message) => void (debug && write('debug', message)),
    info: (message) => write('info', message),
    error: (message, error) => write('error', message, error),
  };
}
