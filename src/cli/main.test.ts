import { describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { splitWords } from '../../test/helpers/create-golden.ts';
import { runProgram } from './main.ts';

interface Recorded {
  readonly line: string;
  readonly status: number;
  readonly out?: string;
  readonly err?: string;
}

const GOLDEN = JSON.parse(
  readFileSync(join(import.meta.dir, '../../test/fixtures/cli/golden.json'), 'utf8'),
) as readonly Recorded[];

async function runLine(
  words: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Omit<Recorded, 'line'>> {
  let [out, err] = ['', ''];
  const status = await runProgram(words, {
    env: { HOME: '/home/user', ...env },
    out: (text) => {
      out += typeof text === 'string' ? text : Buffer.from(text).toString();
    },
    err: (text) => {
      err += typeof text === 'string' ? text : Buffer.from(text).toString();
    },
    columns: 80,
  });
  return { status, ...(out === '' ? {} : { out }), ...(err === '' ? {} : { err }) };
}

describe('prints and ends as the Go client 28.2 does', () => {
  test.each(GOLDEN.map((one) => [one.line, one] as const))('docker %s', async (_line, { line, ...expected }) => {
    expect(await runLine(splitWords(line), { DOCKER_HOST: 'unix:///nowhere' })).toEqual(expected);
  });
});

test('a daemon that is not there is named', async () => {
  const { status, err } = await runLine(['stop', 'x'], { DOCKER_HOST: 'unix:///nowhere/docker.sock' });
  expect(status).toBe(1);
  expect(err).toBe(
    'Cannot connect to the Docker daemon at unix:///nowhere/docker.sock. Is the docker daemon running?\n',
  );
});

test('a broken config.json is a warning, and the context it names cannot count', async () => {
  const config = mkdtempSync(join(tmpdir(), 'cli-config-'));
  writeFileSync(join(config, 'config.json'), '{"currentContext": "far", broken');
  const { err } = await runLine(['--config', config, '-H', 'unix:///nowhere', 'stop', 'x'], {});
  expect(err).toStartWith(`WARNING: Error parsing config file (${config}/config.json): `);
  expect(err).toContain('Cannot connect to the Docker daemon at unix:///nowhere.');
  rmSync(config, { recursive: true });
});

test('the context of config.json leads to the daemon it stores', async () => {
  const config = mkdtempSync(join(tmpdir(), 'cli-config-'));
  const id = new Bun.CryptoHasher('sha256').update('far').digest('hex');
  mkdirSync(join(config, 'contexts/meta', id), { recursive: true });
  writeFileSync(join(config, 'config.json'), '{"currentContext": "far"}');
  const meta = { Name: 'far', Endpoints: { docker: { Host: 'unix:///far/docker.sock' } } };
  writeFileSync(join(config, 'contexts/meta', id, 'meta.json'), JSON.stringify(meta));
  const { err } = await runLine(['stop', 'x'], { DOCKER_CONFIG: config });
  expect(err).toContain('unix:///far/docker.sock');
  rmSync(config, { recursive: true });
});
