import { expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { gzipMember } from './gzip-member.host.ts';

test('members one after the other are one gzip file, and the same bytes give the same member', () => {
  const pieces = [randomBytes(100_000), Buffer.alloc(1 << 20, 'text '), Buffer.from('x')];
  const packed = Buffer.concat(pieces.map(gzipMember));
  expect(gunzipSync(packed).equals(Buffer.concat(pieces))).toBe(true);
  const { stdout } = Bun.spawnSync(['gzip', '-dc'], { stdin: packed });
  expect(stdout.equals(Buffer.concat(pieces))).toBe(true);
  expect(gzipMember(pieces[1] ?? new Uint8Array())).toEqual(gzipMember(Buffer.alloc(1 << 20, 'text ')));
});
