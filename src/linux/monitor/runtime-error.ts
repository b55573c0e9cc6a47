import { KnownError } from '../../lib/errors.ts';

/** The OCI runtime could not start the process. `message` is Docker's wording around the runtime's own; `exitCode` what the container gets. */
export class RuntimeError extends KnownError {
  /** 127: not found; 126: found but cannot be run; 128: anything else. */
  readonly exitCode: 126 | 127 | 128;

  constructor(runtimeMessage: string) {
    const exitCode = exitCodeOf(runtimeMessage);
    super(
      exitCode === 128 ? 'system' : 'invalid_parameter',
      `failed to create task for container: failed to create shim task: OCI runtime create failed: ${runtimeMessage}`,
    );
    this.name = 'RuntimeError';
    this.exitCode = exitCode;
  }
}

/** Clients and Docker itself derive the exit code from these words. */
function exitCodeOf(message: string): 126 | 127 | 128 {
  if (/executable file .*not found|no such file or directory|not a directory/i.test(message)) return 127;
  if (/permission denied|is a directory|operation not permitted|exec format error/i.test(message)) return 126;
  return 128;
}

/** The last error in a runtime's JSON log (`{"msg":..,"level":"error"}` a line); the text itself when it is not JSON. */
export function lastRuntimeError(log: string, runtimeStatus: number): string {
  const lines = log.split('\n').filter((line) => line.trim() !== '');
  for (const line of lines.toReversed()) {
    const message = messageOfLine(line);
    if (message) return inDockersWords(message);
  }
  return `the runtime ended with status ${runtimeStatus} and no message`;
}

function messageOfLine(line: string): string | undefined {
  try {
    const { msg, level } = JSON.parse(line) as { msg?: unknown; level?: unknown };
    return level === 'warning' ? undefined : String(msg);
  } catch {
    return line;
  }
}

/** crun's sentence for a missing program, in the words that clients match. */
function inDockersWords(message: string): string {
  // crun names no program here; clients match on the last words.
  if (message.startsWith('open executable: ')) return 'exec: open executable: permission denied: unknown';
  const missing = /executable file [`'"]([^`'"]*)[`'"] not found(?: in \$PATH)?/.exec(message);
  const program = missing?.[1];
  if (program === undefined) return message;
  if (program.includes('/')) return `exec: "${program}": stat ${program}: no such file or directory: unknown`;
  return `exec: "${program}": executable file not found in $PATH: unknown`;
}
