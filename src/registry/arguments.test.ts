import { expect, test } from 'bun:test';
import { parseArguments } from './arguments.ts';

test('serve: a file, flags in both forms', () => {
  expect(parseArguments(['serve', '--addr', 'a:1', 'f.yml', '--root=/r=s'])).toEqual({
    kind: 'serve',
    file: 'f.yml',
    addr: 'a:1',
    root: '/r=s',
  });
});

test('garbage-collect: the flags of the CNCF registry, long and short', () => {
  const none = {
    kind: 'garbage-collect',
    root: undefined,
    dryRun: false,
    deleteUntagged: false,
    quiet: false,
  } as const;
  expect(parseArguments(['garbage-collect', 'f.yml'])).toEqual({ ...none, file: 'f.yml' });
  for (const flags of [
    ['-d', '-m', '-q'],
    ['--dry-run', '--delete-untagged', '--quiet'],
  ])
    expect(parseArguments(['garbage-collect', ...flags, '--root', '/r'])).toEqual({
      kind: 'garbage-collect',
      file: undefined,
      root: '/r',
      dryRun: true,
      deleteUntagged: true,
      quiet: true,
    });
});

test('--help of the program and of each command, --version', () => {
  for (const [argv, text] of [
    [['--help'], 'Usage: registry COMMAND'],
    [['serve', '-h'], 'Usage: registry serve'],
    [['garbage-collect', '--help'], 'Usage: registry garbage-collect'],
  ] as const)
    expect(parseArguments(argv)).toMatchObject({ kind: 'help', text: expect.stringContaining(text) });
  expect(parseArguments(['--version'])).toEqual({ kind: 'version' });
});

test('anything else is refused with a line of usage', () => {
  for (const [argv, usage] of [
    [[], 'registry COMMAND'],
    [['pull'], 'unknown command pull'],
    [['serve', 'a', 'b'], 'Usage: registry serve'],
    [['serve', '--other'], 'unknown flag --other'],
    [['serve', '--addr'], 'a flag has no value'],
    [['serve', '--root='], 'a flag has no value'],
    [['serve', '--dry-run'], 'unknown flag --dry-run'],
    [['garbage-collect', '--dry-run=maybe'], '--dry-run takes no value'],
  ] as const)
    expect(() => parseArguments(argv)).toThrow(usage);
});
