import type { Flags } from '../../lib/flags/flag.ts';

/** `--platform`, any number, each a list. */
export function platformsOf(flags: Flags): readonly string[] {
  return flags.list('platform').flatMap((text) => text.split(',').filter((platform) => platform !== ''));
}
