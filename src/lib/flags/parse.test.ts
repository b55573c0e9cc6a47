import { describe, expect, test } from 'bun:test';
import type { Flag } from './flag.ts';
import { parseFlags } from './parse.ts';

const FLAGS: readonly Flag[] = [
  { name: 'all', short: 'a', kind: 'bool', description: '' },
  { name: 'quiet', short: 'q', kind: 'bool', default: true, description: '' },
  { name: 'name', short: 'n', kind: 'string', description: '', aliases: ['called'] },
  { name: 'env', short: 'e', kind: 'list', description: '' },
  { name: 'timeout', short: 't', kind: 'int', default: 10, description: '', deprecated: ['time'] },
  {
    name: 'size',
    short: 's',
    kind: 'string',
    description: '',
    check: (text) => {
      if (text === 'bad') throw new Error(`invalid size: '${text}'`);
    },
  },
];

describe('parsed', () => {
  test.each([
    [
      'a long option takes its value after = or as the next word',
      ['--name=x', '--env', 'y'],
      { name: 'x', env: ['y'] },
    ],
    [
      'a short option takes its value joined, after = or as the next word',
      ['-nx', '-e=y', '-e', 'z'],
      { name: 'x', env: ['y', 'z'] },
    ],
    ['a lone = after a short option is its value', ['-n='], { name: '=' }],
    ['switches group, the last one may take a value', ['-aqn', 'x'], { all: true, quiet: true, name: 'x' }],
    ['a switch is turned off by =false', ['--quiet=false', '-a=F'], { quiet: false, all: false }],
    ['the last of repeated texts counts', ['--name', 'x', '--name', 'y'], { name: 'y' }],
    ['a list keeps every value, commas included', ['-e', 'a,b', '-e', ''], { env: ['a,b', ''] }],
    ['another name sets the same option', ['--called', 'x'], { name: 'x' }],
    ['whole numbers in every base of Go', ['-t', '-0x10'], { timeout: -16 }],
    ['what is not given has its default', [], { timeout: 10, quiet: true, all: false, name: '', env: [] }],
  ] as const)('%s', (_title, argv, expected) => {
    const { flags } = parseFlags(FLAGS, argv);
    for (const [name, value] of Object.entries(expected)) {
      const seen =
        typeof value === 'boolean'
          ? flags.bool(name)
          : typeof value === 'number'
            ? flags.int(name)
            : typeof value === 'string'
              ? flags.text(name)
              : flags.list(name);
      expect<unknown>(seen).toEqual(value);
    }
  });

  test('options are found between arguments, and none after --', () => {
    const { flags, args } = parseFlags(FLAGS, ['x', '-a', 'y', '-', '--', '-q', '--nope']);
    expect(args).toEqual(['x', 'y', '-', '-q', '--nope']);
    expect(flags.given('all')).toBe(true);
  });

  test('without interspersing the first argument ends the options', () => {
    const { flags, args } = parseFlags(FLAGS, ['-a', 'x', '-q=false', '--nope'], false);
    expect(args).toEqual(['x', '-q=false', '--nope']);
    expect(flags.given('quiet')).toBe(false);
  });

  test('help is known everywhere, by -h with a notice', () => {
    expect(parseFlags(FLAGS, ['--help']).help).toBe(true);
    const short = parseFlags(FLAGS, ['-ah']);
    expect(short.help).toBe(true);
    expect(short.notices).toEqual(['Flag shorthand -h has been deprecated, use --help\n']);
  });

  test('a deprecated name works and says so', () => {
    const { flags, notices } = parseFlags(FLAGS, ['--time', '3']);
    expect(flags.int('timeout')).toBe(3);
    expect(notices).toEqual(['Flag --time has been deprecated, use --timeout instead\n']);
  });
});

describe('refused with the texts of pflag', () => {
  test.each([
    [['--nope=1'], 'unknown flag: --nope'],
    [['-aZ'], "unknown shorthand flag: 'Z' in -Z"],
    [['-Za'], "unknown shorthand flag: 'Z' in -Za"],
    [['--=x'], 'bad flag syntax: --=x'],
    [['---x'], 'bad flag syntax: ---x'],
    [['--name'], 'flag needs an argument: --name'],
    [['-an'], "flag needs an argument: 'n' in -n"],
    [['--all=foo'], 'invalid argument "foo" for "-a, --all" flag: strconv.ParseBool: parsing "foo": invalid syntax'],
    [['-t', 'foo'], 'invalid argument "foo" for "-t, --timeout" flag: strconv.ParseInt: parsing "foo": invalid syntax'],
    [['-s', 'bad'], 'invalid argument "bad" for "-s, --size" flag: invalid size: \'bad\''],
  ])('%p', (argv, message) => {
    expect(() => parseFlags(FLAGS, argv)).toThrow(message);
  });
});
