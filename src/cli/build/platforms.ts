import type { Flags } from '../command.ts';

/** `--platform`, any number, each a list. */
export function platformsOf(flags: Flags): readonly string[] {
  return flags.list('platform').flatMap((text) => text.split(',').filter((platform) => platform !== ''));
}
