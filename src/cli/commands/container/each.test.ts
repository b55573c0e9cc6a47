import { describe, expect, test } from 'bun:test';
import { ApiError } from '../../../client/api-error.ts';
import type { EngineApi, RequestOptions } from '../../../client/engine-api.ts';
import { messageOf } from '../../../lib/errors.ts';
import { parseFlags } from '../../../lib/flags/parse.ts';
import type { Command } from '../../command.ts';
import { kill } from './kill.ts';
import { rename } from './rename.ts';
import { restart } from './restart.ts';
import { rm } from './rm.ts';
import { start } from './start.ts';
import { stop } from './stop.ts';

interface Outcome {
  readonly requests: readonly string[];
  readonly out: string;
  readonly err: string;
  readonly status: number | string;
}

/** A daemon that knows every container but those called nope; `slow` answers after all the others. */
async function runOn(command: Command, argv: readonly string[]): Promise<Outcome> {
  const requests: string[] = [];
  let [out, err] = ['', ''];
  const others = Promise.withResolvers<void>();
  const call = async (method: string, path: string, options: RequestOptions = {}): Promise<void> => {
    requests.push(`${method} ${path} ${JSON.stringify(options.query ?? {})}`);
    if (path.includes('slow')) await others.promise;
    else others.resolve();
    if (path.includes('nope')) throw new ApiError(404, 'No such container: nope');
  };
  const api: EngineApi = {
    endpoint: { kind: 'unix', path: '/s', text: 'unix:///s' },
    version: '1.51',
    send: () => Promise.reject(new Error('not asked for here')),
    json: () => Promise.reject(new Error('not asked for here')),
    call,
  };
  const { flags, args } = parseFlags(command.flags, argv, command.interspersed ?? true);
  const context = {
    api,
    out: (text: string | Uint8Array) => {
      out += String(text);
    },
    err: (text: string | Uint8Array) => {
      err += String(text);
    },
    config: { path: '', raw: {}, contextName: 'default', debug: false },
  };
  const status = await command.run(context, { flags, args }).catch(messageOf);
  return { requests, out, err, status };
}

const GONE = 'Error response from daemon: No such container: nope';

describe('a command for many containers', () => {
  test('prints names in the order given, whichever ends first', async () => {
    expect((await runOn(stop, ['slow', 'quick'])).out).toBe('slow\nquick\n');
  });

  test('goes on after a failure and fails at the end, a line for each', async () => {
    expect(await runOn(kill, ['-s', '9', 'nope', 'a', 'nope'])).toMatchObject({
      out: 'a\n',
      status: `${GONE}\n${GONE}`,
    });
  });

  test('asks for every one of very many', async () => {
    const names = Array.from({ length: 130 }, (_, index) => `c${index}`);
    expect((await runOn(stop, names)).out.trim().split('\n')).toEqual(names);
  });
});

test('stop and restart pass on only what was given', async () => {
  expect((await runOn(stop, ['a'])).requests).toEqual(['POST /containers/a/stop {"signal":""}']);
  expect((await runOn(restart, ['-s', 'INT', '-t', '0', 'a'])).requests).toEqual([
    'POST /containers/a/restart {"signal":"INT","t":0}',
  ]);
});

test('a name cannot reach another resource', async () => {
  expect((await runOn(stop, ['../images/x?y'])).requests[0]).toStartWith('POST /containers/..%2Fimages%2Fx%3Fy/stop');
});

test('rm -f takes what is not there as removed, but says so', async () => {
  expect(await runOn(rm, ['-f', 'nope', 'a'])).toMatchObject({ out: 'a\n', err: `${GONE}\n`, status: 0 });
  expect(await runOn(rm, ['nope', 'a'])).toMatchObject({ out: 'a\n', err: '', status: GONE });
});

test('start names what it could not start', async () => {
  expect(await runOn(start, ['nope', 'a'])).toMatchObject({
    out: 'a\n',
    err: `${GONE}\n`,
    status: 'Error: failed to start containers: nope',
  });
});

test('rename says which container it could not rename', async () => {
  expect(await runOn(rename, ['nope', 'b'])).toMatchObject({
    err: `${GONE}\n`,
    status: 'Error: failed to rename container named nope',
  });
});
