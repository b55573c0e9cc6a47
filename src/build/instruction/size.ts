const UNIT = 'bkmgtp';

/** `128m`, `1.5GiB`, `2048` in bytes (units of 1024, as docker/go-units reads them); undefined when it is no size. */
export function parseSizeBytes(text: string): number | undefined {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?) ?([bkmgtp]?)i?b?$/i.exec(text) ?? [];
  if (number === undefined) return undefined;
  const bytes = Math.trunc(Number(number) * 1024 ** Math.max(0, UNIT.indexOf(unit.toLowerCase() || 'b')));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
