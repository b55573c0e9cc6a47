import { afterAll, beforeAll, describe, expect, setSystemTime, test } from 'bun:test';
import { ApiError } from '../../client/api-error.ts';
import { parseEndpoint } from '../../client/endpoint.ts';
import type { EngineApi } from '../../client/engine-api.ts';
import type { HttpResponse } from '../../client/http/response.ts';
import { messageOf } from '../../lib/errors.ts';
import { parseFlags } from '../../lib/flags/parse.ts';
import type { CommandContext } from '../command.ts';
import { resolveCommand } from '../commands/table.ts';
import { ExitError } from '../exit-error.ts';
import golden from './output.golden.json';

/** Made by docker 28.2.2 on a socket that gives these answers, at the time `now`. */
const ANSWERS: Readonly<Record<string, unknown>> = golden.answers;

function answer(path: string): string {
  if (!Object.hasOwn(ANSWERS, path)) throw new ApiError(404, `No such thing: ${path}`);
  return JSON.stringify(ANSWERS[path]);
}

const API: EngineApi = {
  endpoint: parseEndpoint(''),
  version: '1.50',
  send: async (_method, path) => {
    const text = answer(path);
    const body = (async function* () {
      yield Buffer.from(text);
    })();
    const unused = {} as HttpResponse['socket'];
    return { status: 200, headers: new Map() as never, body, text: async () => text, socket: unused };
  },
  json: async <T>(_method: string, path: string) => JSON.parse(answer(path)) as T,
  call: async () => undefined,
};

interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number;
}

async function run(argv: readonly string[]): Promise<Outcome> {
  let [stdout, stderr] = ['', ''];
  const context: CommandContext = {
    api: API,
    out: (text) => {
      stdout += String(text);
    },
    err: (text) => {
      stderr += String(text);
    },
    config: { path: '', raw: {}, contextName: 'default', debug: false },
  };
  const found = resolveCommand(argv);
  const command = await found.row?.load();
  if (command === undefined) throw new Error(`no such command: ${argv.join(' ')}`);
  const parsed = parseFlags(command.flags, found.rest, command.interspersed ?? true);
  try {
    return { status: await command.run(context, parsed), stdout, stderr };
  } catch (error) {
    const status = error instanceof ExitError ? error.status : 1;
    return { status, stdout, stderr: `${stderr}${messageOf(error)}\n` };
  }
}

describe('what is printed is what docker prints', () => {
  beforeAll(() => {
    setSystemTime(golden.now);
  });
  afterAll(() => {
    setSystemTime();
  });
  for (const { argv, stdout, stderr, status } of golden.cases) {
    test(`docker ${argv.join(' ')}`, async () => expect(await run(argv)).toEqual({ status, stdout, stderr }));
  }
});
