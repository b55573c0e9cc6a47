import { KnownError } from '../../lib/errors.ts';
import { parseSize } from '../../lib/size.ts';

const KNOWN = ['device', 'o', 'size', 'type'];
/** What an option does not go without, in the order in which it is missed. */
const NEEDS: Readonly<Record<string, readonly string[]>> = {
  device: ['type'],
  o: ['device', 'type'],
  type: ['device'],
};

/**
 * Checks the options of a volume of the `local` driver, in Docker's words (volume/local of moby). `quota`: the file system can limit a
 * folder's size. Errors: invalid_parameter.
 */
export function checkLocalOptions(
  options: Readonly<Record<string, string>>,
  { quota }: { readonly quota: boolean },
): void {
  const refuse = (text: string): never => {
    throw new KnownError('invalid_parameter', text);
  };
  const unknown = Object.keys(options).find((name) => !KNOWN.includes(name));
  if (unknown !== undefined) refuse(`invalid option: ${JSON.stringify(unknown)}`);
  if (options['type'] === 'cifs' && /^[^/]*\/\/[^/]*:\d+(?:\/|$)/.test(options['device'] ?? ''))
    refuse("port not allowed in CIFS device URL, include 'port' in 'o='");
  const sizeBytes = options['size'] === undefined ? 0 : parseSize(options['size']);
  for (const [name, needed] of Object.entries(NEEDS)) {
    if (!(name in options)) continue;
    const lacking = needed.find((other) => !(other in options));
    if (lacking !== undefined) refuse(`missing required option: ${JSON.stringify(lacking)}`);
  }
  for (const [name, value] of Object.entries(options))
    if (value.includes('\0')) refuse(`invalid option: ${JSON.stringify(name)} holds a null byte`);
  if (sizeBytes > 0 && !quota) refuse('quota size requested but no quota support');
}

/** What is mounted for a volume with these options; undefined: nothing, its own folder serves. */
export function deviceOf(
  options: Readonly<Record<string, string>>,
): { readonly device: string; readonly type: string; readonly options: string } | undefined {
  const { device, type, o = '' } = options;
  if (!device && !type) return undefined;
  return { device: device ?? '', type: type ?? '', options: o };
}
