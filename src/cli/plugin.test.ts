import { afterAll, beforeAll, expect, test } from 'bun:test';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const DOCKER = join(import.meta.dirname, '../../bin/docker');
let folder: string;

beforeAll(() => {
  folder = mkdtempSync('/tmp/skiff-plugin-');
  mkdirSync(join(folder, 'cli-plugins'));
  plugin('hello', '{"SchemaVersion":"0.1.0","Vendor":"us"}');
  plugin('liar', 'no');
});
afterAll(() => rmSync(folder, { recursive: true }));

function plugin(name: string, metadata: string): void {
  const path = join(folder, 'cli-plugins', `docker-${name}`);
  writeFileSync(
    path,
    `#!/bin/sh\n[ "$1" = docker-cli-plugin-metadata ] && echo '${metadata}' && exit\necho "$DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND: $*"; cat; exit 7\n`,
  );
  chmodSync(path, 0o755);
}

function docker(...argv: readonly string[]): { readonly exitCode: number; readonly text: string } {
  const { exitCode, stdout, stderr } = Bun.spawnSync([DOCKER, ...argv], {
    env: { PATH: process.env['PATH'], HOME: folder, DOCKER_CONFIG: folder },
    stdin: Buffer.from('in'),
  });
  return { exitCode, text: `${stdout.toString()}${stderr.toString()}` };
}

test('an unknown command is a plugin of that name, with all arguments, streams and its status', () => {
  expect(docker('-D', 'hello', 'a', '--b', '-c')).toEqual({ exitCode: 7, text: 'docker: -D hello a --b -c\nin' });
});

test('what does not say that it is one, or is not there, is no command', () => {
  for (const name of ['liar', 'nothing', '../hello'])
    expect(docker(name)).toEqual({
      exitCode: 1,
      text: `docker: unknown command: docker ${name}\n\nRun 'docker --help' for more information\n`,
    });
});
