import { expect, test } from 'bun:test';
import { MS } from './mount-flags.ts';
import { parseMountOptions } from './mount-options.ts';
import { sharingOf } from './mountinfo.ts';

test.each([
  ['bind', { flags: MS.BIND, propagation: 0, data: '' }],
  ['rbind,ro,rslave', { flags: MS.BIND | MS.REC | MS.RDONLY, propagation: MS.SLAVE | MS.REC, data: '' }],
  ['size=1m,uid=1000,nosuid', { flags: MS.NOSUID, propagation: 0, data: 'size=1m,uid=1000' }],
  ['ro,rw', { flags: 0, propagation: 0, data: '' }],
  ['', { flags: 0, propagation: 0, data: '' }],
  ['toString,constructor', { flags: 0, propagation: 0, data: 'toString,constructor' }],
])('%s', (text, options) => {
  expect(parseMountOptions(text)).toEqual(options);
});

test('the mount that a path is on is the longest that holds it, and the last of those', () => {
  const info = [
    '1 0 8:1 / / rw - ext4 /dev/sda rw',
    '2 1 0:5 / /mnt rw shared:7 - tmpfs tmpfs rw',
    '3 1 0:6 / /mnt\\040x rw master:7 - tmpfs tmpfs rw',
    '4 2 0:7 / /mnt rw - tmpfs tmpfs rw',
  ].join('\n');
  expect(sharingOf(info, '/mnt/a')).toEqual({ point: '/mnt', shared: false, slave: false });
  expect(sharingOf(info, '/mnt x/a')).toEqual({ point: '/mnt x', shared: false, slave: true });
  expect(sharingOf(info, '/mnta').point).toBe('/');
});
