import { KnownError } from '../../lib/errors.ts';

/** A config while changes are applied to it: the fields of the image document's `config`. */
export type ConfigFields = Record<string, unknown>;

/**
 * Applies Dockerfile instructions to a config, as `docker import --change` and `docker commit --change` know them. Returns a
 * new config. Errors: invalid_parameter naming the instruction.
 */
export function applyChanges(config: Readonly<ConfigFields>, changes: readonly string[]): ConfigFields {
  return changes
    .flatMap((text) => text.split(/\r?\n/))
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .reduce<ConfigFields>(applyOne, { ...config });
}

function applyOne(config: ConfigFields, line: string): ConfigFields {
  const [, word = '', rest = ''] = /^(\S+)\s*([\s\S]*)$/.exec(line) ?? [];
  const apply = INSTRUCTIONS[word.toUpperCase()];
  if (!apply) throw new KnownError('invalid_parameter', `${word.toUpperCase()} is not a valid change command`);
  if (rest === '' && word.toUpperCase() !== 'CMD')
    throw new KnownError('invalid_parameter', `${word.toUpperCase()} requires at least one argument`);
  return { ...config, ...apply(rest, config) };
}

type Instruction = (rest: string, config: ConfigFields) => ConfigFields;

const INSTRUCTIONS: Readonly<Record<string, Instruction>> = {
  CMD: (rest) => ({ Cmd: command(rest) }),
  ENTRYPOINT: (rest) => ({ Entrypoint: command(rest) }),
  ENV: (rest, { Env }) => ({ Env: mergeEnv(stringList(Env), pairs(rest, 'ENV')) }),
  LABEL: (rest, { Labels }) => ({ Labels: { ...objectOf(Labels), ...Object.fromEntries(pairs(rest, 'LABEL')) } }),
  EXPOSE: (rest, { ExposedPorts }) => ({
    ExposedPorts: { ...objectOf(ExposedPorts), ...keys(words(rest).flatMap(ports)) },
  }),
  VOLUME: (rest, { Volumes }) => ({ Volumes: { ...objectOf(Volumes), ...keys(jsonList(rest) ?? words(rest)) } }),
  USER: (rest) => ({ User: unquote(rest) }),
  WORKDIR: (rest, { WorkingDir }) => ({
    WorkingDir: joinDirectory(typeof WorkingDir === 'string' ? WorkingDir : '/', unquote(rest)),
  }),
  STOPSIGNAL: (rest) => ({ StopSignal: rest }),
  HEALTHCHECK: (rest) => ({ Healthcheck: healthcheck(rest) }),
  ONBUILD: (rest, { OnBuild }) => ({ OnBuild: [...stringList(OnBuild), onBuild(rest)] }),
  SHELL: (rest) => ({ Shell: jsonList(rest) ?? fail('SHELL requires the arguments to be in JSON form') }),
};

function fail(text: string): never {
  throw new KnownError('invalid_parameter', text);
}

/** JSON form as it stands; anything else goes to the shell. */
function command(rest: string): readonly string[] {
  const list = jsonList(rest);
  if (list) return list;
  return rest === '' ? [] : ['/bin/sh', '-c', rest];
}

function jsonList(text: string): readonly string[] | undefined {
  if (!text.startsWith('[')) return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    return Array.isArray(parsed) && parsed.every((item) => typeof item === 'string') ? parsed : undefined;
  } catch {
    return undefined;
  }
}

const WORD = /(?:"(?:[^"\\]|\\[\s\S])*"|'[^']*'|\\[\s\S]|[^\s"'\\])+/g;

function words(text: string): readonly string[] {
  return (text.match(WORD) ?? []).map(unquote);
}

function unquote(text: string): string {
  return text.replaceAll(
    /"((?:[^"\\]|\\[\s\S])*)"|'([^']*)'|\\([\s\S])/g,
    (_all, double?: string, single?: string, escaped?: string) => {
      if (double !== undefined) return double.replaceAll(/\\(["\\$])/g, '$1');
      return single ?? escaped ?? '';
    },
  );
}

/** `a=b c="d e"`, or the old form `a b c` (one pair). */
function pairs(rest: string, name: string): readonly (readonly [string, string])[] {
  const raw = rest.match(WORD) ?? [];
  if (!raw[0]?.includes('=')) {
    const [, key, value] = /^(\S+)\s+([\s\S]+)$/.exec(rest) ?? fail(`${name} must have two arguments`);
    return [[unquote(key ?? ''), unquote(value ?? '')]];
  }
  return raw.map((word) => {
    const at = word.indexOf('=');
    if (at < 1) fail(`Syntax error - can't find = in "${word}". Must be of the form: name=value`);
    return [unquote(word.slice(0, at)), unquote(word.slice(at + 1))];
  });
}

function mergeEnv(env: readonly string[], added: readonly (readonly [string, string])[]): readonly string[] {
  const merged = new Map(env.map((entry) => [entry.split('=', 1)[0] ?? '', entry]));
  for (const [key, value] of added) merged.set(key, `${key}=${value}`);
  return [...merged.values()];
}

function ports(text: string): readonly string[] {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/i.exec(text);
  const [first, last] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
  if (!match || first < 1 || last > 65535 || last < first) return fail(`invalid containerPort: ${text}`);
  return Array.from(
    { length: last - first + 1 },
    (_none, index) => `${first + index}/${match[3]?.toLowerCase() ?? 'tcp'}`,
  );
}

function keys(names: readonly string[]): Readonly<Record<string, object>> {
  return Object.fromEntries(names.map((name) => [name, {}]));
}

function joinDirectory(base: string, added: string): string {
  const path = added.startsWith('/') ? added : `${base}/${added}`;
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

const DURATION_UNITS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };
const DURATION_OPTIONS: Readonly<Record<string, string>> = {
  interval: 'Interval',
  timeout: 'Timeout',
  'start-period': 'StartPeriod',
  'start-interval': 'StartInterval',
};

function healthcheck(rest: string): Readonly<Record<string, unknown>> {
  if (rest.toUpperCase() === 'NONE') return { Test: ['NONE'] };
  const options: Record<string, number> = {};
  let text = rest;
  for (let match = /^--([a-z-]+)=(\S+)\s+/.exec(text); match; match = /^--([a-z-]+)=(\S+)\s+/.exec(text)) {
    const [all, name = '', value = ''] = match;
    const field = DURATION_OPTIONS[name];
    if (field) options[field] = durationNanos(value);
    else if (name === 'retries' && /^\d+$/.test(value)) options.Retries = Number(value);
    else fail(`unknown flag: --${name}`);
    text = text.slice(all.length);
  }
  const test = /^CMD\s+([\s\S]+)$/i.exec(text)?.[1] ?? fail('Unknown type in HEALTHCHECK (try CMD)');
  const list = jsonList(test);
  return { Test: list ? ['CMD', ...list] : ['CMD-SHELL', test], ...options };
}

function durationNanos(text: string): number {
  if (!/^(?:\d+(?:\.\d+)?(?:ns|us|ms|s|m|h))+$/.test(text)) return fail(`invalid duration: ${text}`);
  return [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)/g)].reduce(
    (sum, [, value, unit]) => sum + Number(value) * (DURATION_UNITS[unit ?? 's'] ?? 0),
    0,
  );
}

function onBuild(rest: string): string {
  const word = /^\S+/.exec(rest)?.[0].toUpperCase() ?? '';
  if (word === 'ONBUILD') fail("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
  if (word === 'MAINTAINER' || word === 'FROM') fail(`${word} isn't allowed as an ONBUILD trigger`);
  return rest;
}

function stringList(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
