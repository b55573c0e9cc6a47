/** Every signal that can be caught and means something to a container. Resizing is not among them: it goes by its own request. */
const FORWARDED: readonly NodeJS.Signals[] = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGTERM',
  'SIGTSTP',
  'SIGCONT',
  'SIGTTIN',
  'SIGTTOU',
  'SIGIO',
  'SIGPWR',
  'SIGSYS',
];

const FORCE_AFTER = 3;

/**
 * Catches signals and hands their names on without `SIG`. The third SIGINT or SIGTERM calls `force`. The result stops it.
 */
export function proxySignals(forward: (name: string) => void, force: () => void): () => void {
  let terminations = 0;
  const handle = (signal: NodeJS.Signals): void => {
    if (signal === 'SIGINT' || signal === 'SIGTERM') terminations++;
    if (terminations >= FORCE_AFTER) force();
    else forward(signal.replace(/^SIG/, ''));
  };
  for (const signal of FORWARDED) process.on(signal, handle);
  return () => {
    for (const signal of FORWARDED) process.off(signal, handle);
  };
}
