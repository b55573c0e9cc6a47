import { describe, expect, test } from 'bun:test';
import { resolveOwner } from './owner.ts';

const FILES: Readonly<Record<string, string>> = {
  '/etc/passwd': 'root:x:0:0::/:/bin/sh\njoe:x:12:34::/:/bin/sh\n',
  '/etc/group': 'root:x:0:\nteam:x:77:joe\n',
};
const read = async (path: string): Promise<string | undefined> => FILES[path];

describe('owner of files', () => {
  const cases: readonly (readonly [string, number, number])[] = [
    ['5', 5, 5],
    ['5:6', 5, 6],
    ['joe', 12, 34],
    ['joe:team', 12, 77],
    ['joe:9', 12, 9],
    ['5:team', 5, 77],
  ];
  for (const [text, uid, gid] of cases) {
    test(`${text} is ${uid}:${gid}`, async () => expect(await resolveOwner(text, read)).toEqual({ uid, gid }));
  }

  test('a name that is not there is an error', async () => {
    await expect(resolveOwner('nobody', read)).rejects.toThrow("can't find user nobody");
    await expect(resolveOwner('joe:none', read)).rejects.toThrow("can't find group none");
    await expect(resolveOwner('joe', async () => undefined)).rejects.toThrow("can't find user joe");
  });
});
