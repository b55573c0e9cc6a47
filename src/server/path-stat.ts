import type { PathStat } from '../linux/files/container-files.ts';

/** Types and special bits of st_mode (inode(7)) and of Go's fs.FileMode, which clients of `docker cp` read. */
const TYPES: readonly (readonly [number, number])[] = [
  [0o040000, 2 ** 31],
  [0o120000, 2 ** 27],
  [0o060000, 2 ** 26],
  [0o020000, 2 ** 26 + 2 ** 21],
  [0o010000, 2 ** 25],
  [0o140000, 2 ** 24],
];
const SPECIAL: readonly (readonly [number, number])[] = [
  [0o4000, 2 ** 23],
  [0o2000, 2 ** 22],
  [0o1000, 2 ** 20],
];

/** The header X-Docker-Container-Path-Stat: base64 of JSON. */
export function formatPathStat({ name, sizeBytes, mode, mtimeNanos, linkTarget }: PathStat): string {
  const stat = { name, size: sizeBytes, mode: toGoMode(mode), mtime: formatNanos(mtimeNanos), linkTarget };
  return Buffer.from(JSON.stringify(stat)).toString('base64');
}

/** st_mode as Go's fs.FileMode. */
export function toGoMode(mode: number): number {
  const type = TYPES.find(([bits]) => bits === (mode & 0o170000))?.[1] ?? 0;
  const special = SPECIAL.reduce((sum, [bit, go]) => sum + (mode & bit ? go : 0), 0);
  return (mode & 0o777) + type + special;
}

/** RFC 3339 with as many digits of a second as are needed. */
function formatNanos(nanos: bigint): string {
  const second = 1_000_000_000n;
  const rest = ((nanos % second) + second) % second;
  const base = new Date(Number((nanos - rest) / second) * 1000).toISOString().slice(0, 19);
  const digits = rest.toString().padStart(9, '0').replace(/0+$/, '');
  return `${base}${digits === '' ? '' : `.${digits}`}Z`;
}
