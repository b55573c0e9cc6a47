import { KnownError } from '../../lib/errors.ts';
import type { Arguments } from '../parse/node.ts';
import { parseDurationNanos } from './duration.ts';
import { type FlagValues, parseFlags } from './flags.ts';
import type { Healthcheck } from './instruction.ts';

const FLAGS = {
  interval: 'text',
  timeout: 'text',
  'start-period': 'text',
  'start-interval': 'text',
  retries: 'text',
} as const;

/** Errors: invalid_parameter. */
export function parseHealthcheck(args: Arguments, flags: readonly string[]): Healthcheck {
  if (args.kind !== 'typed') throw invalid('HEALTHCHECK requires at least one argument');
  const type = args.type.toUpperCase();
  const { command } = args;
  if (type === 'NONE') {
    if (command.kind !== 'none') throw invalid('HEALTHCHECK NONE takes no arguments');
    return { Test: ['NONE'] };
  }
  const values = parseFlags(flags, FLAGS);
  if (type !== 'CMD') throw invalid(`Unknown type ${JSON.stringify(type)} in HEALTHCHECK (try CMD)`);
  return { Test: testOf(command), ...limits(values) };
}

function testOf(command: Arguments): readonly string[] {
  if (command.kind === 'json' && command.words.length > 0) return ['CMD', ...command.words];
  if (command.kind === 'text') return ['CMD-SHELL', command.text];
  throw invalid('Missing command after HEALTHCHECK CMD');
}

function limits(values: FlagValues): Omit<Healthcheck, 'Test'> {
  return {
    ...present('Interval', interval(values, 'interval')),
    ...present('Timeout', interval(values, 'timeout')),
    ...present('StartPeriod', interval(values, 'start-period')),
    ...present('StartInterval', interval(values, 'start-interval')),
    ...present('Retries', retries(values.text('retries'))),
  };
}

/** Zero is left out, as Go's `omitempty` does. */
function present<Name extends string>(name: Name, value: number): Partial<Record<Name, number>> {
  const field: Partial<Record<Name, number>> = {};
  if (value !== 0) field[name] = value;
  return field;
}

const MIN_NANOS = 1e6;

function interval(values: FlagValues, name: string): number {
  const text = values.text(name);
  const nanos = text === '' ? 0 : parseDurationNanos(text);
  if (nanos !== 0 && nanos < MIN_NANOS) throw invalid(`Interval "${name}" cannot be less than 1ms`);
  return nanos;
}

function retries(text: string): number {
  if (text === '') return 0;
  if (!/^[-+]?\d+$/.test(text)) throw invalid(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  const count = Number(text);
  if (Math.abs(count) > 2 ** 31 - 1)
    throw invalid(`strconv.ParseInt: parsing ${JSON.stringify(text)}: value out of range`);
  if (count < 0) throw invalid(`--retries cannot be negative (${count})`);
  return count;
}

function invalid(text: string): KnownError {
  return new KnownError('invalid_parameter', text);
}
