import { cut, invalid } from '../../lib/invalid.ts';

const ALLOWED = new Set(
  ['msgmax', 'msgmnb', 'msgmni', 'sem', 'shmall', 'shmmax', 'shmmni', 'shm_rmid_forced'].map(
    (name) => `kernel.${name}`,
  ),
);

/** Only namespaced sysctls can be set. Errors: invalid_parameter. */
export function checkSysctl(text: string): void {
  const [name, value] = cut(text, '=');
  const allowed = ALLOWED.has(name) || name.startsWith('net.') || name.startsWith('fs.mqueue.');
  if (value === undefined || !allowed) throw invalid(`sysctl '${text}' is not allowed`);
}
