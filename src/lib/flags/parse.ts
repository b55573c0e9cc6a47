import { KnownError, messageOf } from '../errors.ts';
import type { Flag, Flags } from './flag.ts';
import { parseBool, parseInt64 } from './number.ts';

/** What pflag refuses: shown with the usage line, exit status 125. */
export class FlagError extends KnownError {
  constructor(message: string) {
    super('invalid_parameter', message);
    this.name = 'FlagError';
  }
}

export interface ParsedFlags {
  readonly flags: Flags;
  readonly args: readonly string[];
  readonly help: boolean;
  /** Texts about deprecated spellings, to be printed. */
  readonly notices: readonly string[];
}

type Value = string | number | boolean | readonly string[];

/**
 * Parses `argv` as spf13/pflag does. `interspersed` false: options end at the first argument. `--help` is always known, `-h`
 * too where no flag has that letter. Errors: FlagError with pflag's texts.
 */
export function parseFlags(known: readonly Flag[], argv: readonly string[], interspersed = true): ParsedFlags {
  const given = new Map<string, Value>();
  const args: string[] = [];
  const notices: string[] = [];
  let help = false;
  let at = 0;

  function set(flag: Flag, text: string): void {
    try {
      flag.check?.(text);
      given.set(flag.name, convert(flag, text, given.get(flag.name)));
    } catch (error) {
      const name = flag.short ? `-${flag.short}, --${flag.name}` : `--${flag.name}`;
      throw new FlagError(`invalid argument ${JSON.stringify(text)} for "${name}" flag: ${messageOf(error)}`);
    }
  }

  function takeNext(missing: string): string {
    const next = argv[at];
    if (next === undefined) throw new FlagError(`flag needs an argument: ${missing}`);
    at++;
    return next;
  }

  function long(text: string): void {
    const body = text.slice(2);
    if (/^[-=]/.test(body)) throw new FlagError(`bad flag syntax: ${text}`);
    const equals = body.indexOf('=');
    const name = equals === -1 ? body : body.slice(0, equals);
    const flag = known.find(
      (one) => one.name === name || one.aliases?.includes(name) || one.deprecated?.includes(name),
    );
    if (flag === undefined) {
      if (name !== 'help') throw new FlagError(`unknown flag: --${name}`);
      help = equals === -1 || parseBool(body.slice(equals + 1));
      return;
    }
    if (flag.deprecated?.includes(name)) {
      notices.push(`Flag --${name} has been deprecated, use --${flag.name} instead\n`);
    }
    if (equals !== -1) set(flag, body.slice(equals + 1));
    else set(flag, flag.kind === 'bool' ? 'true' : takeNext(`--${name}`));
  }

  function short(text: string): void {
    for (let letters = text.slice(1); letters !== ''; ) {
      const letter = letters.charAt(0);
      const group = letters;
      const rest = letters.slice(1);
      const flag = known.find((one) => one.short === letter);
      letters = rest;
      if (flag === undefined) {
        if (letter !== 'h') throw new FlagError(`unknown shorthand flag: '${letter}' in -${group}`);
        notices.push('Flag shorthand -h has been deprecated, use --help\n');
        help = true;
        continue;
      }
      if (rest.length > 1 && rest.startsWith('=')) return set(flag, rest.slice(1));
      if (flag.kind === 'bool') set(flag, 'true');
      else return set(flag, rest !== '' ? rest : takeNext(`'${letter}' in -${group}`));
    }
  }

  while (at < argv.length) {
    const text = argv[at++] ?? '';
    if (text === '--') {
      args.push(...argv.slice(at));
      break;
    }
    if (text.startsWith('--')) long(text);
    else if (text.length > 1 && text.startsWith('-')) short(text);
    else {
      args.push(text);
      if (interspersed) continue;
      args.push(...argv.slice(at));
      break;
    }
  }
  return { flags: toFlags(known, given), args, help, notices };
}

function convert(flag: Flag, text: string, before: Value | undefined): Value {
  switch (flag.kind) {
    case 'bool':
      return parseBool(text);
    case 'int':
      return parseInt64(text);
    case 'list':
      return Array.isArray(before) ? [...before, text] : [text];
    case 'string':
      return text;
  }
}

function toFlags(known: readonly Flag[], given: ReadonlyMap<string, Value>): Flags {
  const find = (name: string): Value | undefined => {
    const value = given.get(name);
    if (value !== undefined) return value;
    const flag = known.find((one) => one.name === name);
    if (flag === undefined) throw new KnownError('system', `no flag --${name} in this command`);
    return flag.default;
  };
  return {
    bool: (name) => find(name) === true,
    text: (name) => String(find(name) ?? ''),
    list: (name) => {
      const value = find(name);
      return Array.isArray(value) ? value : [];
    },
    int: (name) => Number(find(name) ?? 0),
    given: (name) => given.has(name),
  };
}
