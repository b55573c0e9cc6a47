import { describe, expect, test } from 'bun:test';
import { parseConfig } from './config.ts';

describe('--registry-mirror', () => {
  test('is given several times and shown with a slash at its end', () => {
    const argv = ['--registry-mirror', 'http://m.example:5000', '--registry-mirror=https://n.example/'];
    expect(parseConfig(argv).registryMirrors).toEqual(['http://m.example:5000/', 'https://n.example/']);
    expect(parseConfig([]).registryMirrors).toEqual([]);
  });

  test.each(['m.example', 'ftp://m', 'http://m/path', 'http://m/?q', 'http://me:s3cret@m'])(
    '%s is refused',
    (address) => {
      expect(() => parseConfig(['--registry-mirror', address])).toThrow('invalid mirror');
      expect(() => parseConfig(['--registry-mirror', address])).not.toThrow('s3cret');
    },
  );
});
