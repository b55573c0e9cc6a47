import { expect, test } from 'bun:test';
import { formatPathStat, toGoMode } from './path-stat.ts';

test("modes are Go's fs.FileMode", () => {
  expect(toGoMode(0o040755)).toBe(0x80000000 + 0o755);
  expect(toGoMode(0o120777)).toBe(0x8000000 + 0o777);
  expect(toGoMode(0o104755)).toBe(0x800000 + 0o755);
  expect(toGoMode(0o041777)).toBe(0x80000000 + 0x100000 + 0o777);
  expect(toGoMode(0o020666)).toBe(0x4200000 + 0o666);
  expect(toGoMode(0o060660)).toBe(0x4000000 + 0o660);
});

test('the header is what dockerd 20.10 sent for the same folder', () => {
  const recorded =
    'eyJuYW1lIjoiZXRjIiwic2l6ZSI6NDA5NiwibW9kZSI6MjE0NzQ4NDE0MSwibXRpbWUiOiIyMDI2LTExLTI0VDAzOjE3OjUzLjg3ODA1MTU4MloiLCJsaW5rVGFyZ2V0IjoiIn0=';
  const mtimeNanos = BigInt(Date.parse('2026-11-24T03:17:53Z')) * 1_000_000n + 878_051_582n;
  expect(formatPathStat({ name: 'etc', sizeBytes: 4096, mode: 0o040755, mtimeNanos, linkTarget: '' })).toBe(recorded);
});
