import { expect, test } from 'bun:test';
import { keyPaths, normalise } from './normalise.ts';

const kept = 'ab'.repeat(31) + '12';
const image = 'cd'.repeat(32);
const side = { root: '/tmp/skt-x', image, keptDigests: [kept] };

test.each([
  ['ids', `${'c'.repeat(63)}1 0123456789ab`, '<id> <id>'],
  ['digests that are kept', `sha256:${kept} ${kept.slice(0, 12)}`, `sha256:${kept} ${kept.slice(0, 12)}`],
  ['the image', `sha256:${image} ${image.slice(0, 12)}`, 'sha256:<busybox> <busybox>'],
  ['times', '2026-11-24T02:29:51.65Z 2026-11-24 02:29:51 +0000 UTC', '<time> <time>'],
  ['ages', 'Up 3 seconds  Exited (0) Less than a second ago', 'Up <while>  Exited (0) <while> ago'],
  ['sizes', '1.98MB 0B 12.3kB', '<size> <size> <size>'],
  ['addresses', '10.218.3.1/24 02:42:0a:da:03:02', '<ip> <mac>'],
  ['ports', '127.0.0.1:32768 0.0.0.0:49153->80/tcp', '127.0.0.1:<port> 0.0.0.0:<port>->80/tcp'],
  ['widths', 'a    b  \n  c', 'a  b\n  c'],
  ['paths', '/tmp/skt-x/d/volumes', '<root>/d/volumes'],
  ['words', 'deadbeefcafe decade exit code 137', 'deadbeefcafe decade exit code 137'],
])('%s', (_title, text, expected) => {
  expect(normalise(text, side)).toBe(expected);
});

test('key paths name every key once, whatever its value', () => {
  expect(keyPaths('[{"A":{"B":1},"C":[{"D":null},{"D":2}]}]').split('\n')).toEqual([
    '[]',
    '[].A.B',
    '[].C[]',
    '[].C[].D',
  ]);
  expect(keyPaths('no json')).toBe('no json');
});
