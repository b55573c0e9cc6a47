import { lookup } from 'node:dns/promises';
import { isIPv4 } from 'node:net';
import { constants } from 'node:os';
import { getSystemErrorMessage } from 'node:util';
import { errnoOf, KnownError, messageOf } from '../../lib/errors.ts';
import { parseMountOptions } from '../mount/mount-options.ts';
import type { Mounter } from '../mount/mounter.ts';

/** Of a network file system's options; mount(2), unlike mount(8), looks no name up. */
const ADDRESS = /(^|,)addr=([^,]*)/;

/** Mounts a device on `target` as a volume's options say. Errors: system, in Docker's words, without passwords. */
export async function mountDevice(
  mounter: Mounter,
  target: string,
  { device, type, options }: { readonly device: string; readonly type: string; readonly options: string },
): Promise<void> {
  const fail = (why: string): never => {
    throw new KnownError('system', `error while mounting volume '${target}': ${why}`);
  };
  const text =
    type === 'nfs' || type === 'cifs' ? await withAddress(options).catch((error) => fail(messageOf(error))) : options;
  try {
    mounter.device(device, target, type, text);
  } catch (error) {
    const { flags, data } = parseMountOptions(text);
    const how = `flags: 0x${flags.toString(16)}${data === '' ? '' : `, data: ${withoutPassword(data)}`}`;
    fail(`failed to mount local volume: mount ${device}:${target}, ${how}: ${reasonOf(error)}`);
  }
}

/** The text of options with the address of its `addr=` instead of a name. Errors: system. */
async function withAddress(options: string): Promise<string> {
  const name = ADDRESS.exec(options)?.[2] ?? '';
  if (name === '' || isIPv4(name)) return options;
  try {
    const { address } = await lookup(name, { verbatim: true });
    return options.replace(ADDRESS, (_, before: string) => `${before}addr=${address}`);
  } catch (error) {
    throw new KnownError('system', `error resolving passed in network volume address: lookup ${name}: no such host`, {
      cause: error,
    });
  }
}

function withoutPassword(data: string): string {
  return data.replace(/(^|,)password=[^,]*/g, '$1password=********');
}

function reasonOf(error: unknown): string {
  const code = errnoOf(error) as keyof typeof constants.errno | undefined;
  return code === undefined || constants.errno[code] === undefined
    ? messageOf(error)
    : getSystemErrorMessage(-constants.errno[code]);
}
