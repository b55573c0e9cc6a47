import { describe, expect, test } from 'bun:test';
import { messageOf } from '../../../lib/errors.ts';
import { encodeJson } from './json.ts';
import golden from './template.golden.json';
import { parseTemplate } from './template.ts';
import { NIL, type Struct, toDictionary, toList, type Value } from './value.ts';

/**
 * What the golden file was made of: `docker volume inspect --format T` of docker 28.2.2 on this volume.
 */
const STATUS = {
  list: ['x', 'y', 'z'],
  empty: [],
  num: 1.5,
  int: 42,
  big: 1e21,
  small: 0.00001,
  million: 1000000,
  yes: true,
  no: false,
  null: null,
  nested: { k: 'v', deep: { n: [1, [2, 3]] } },
  html: '<a&b>',
  uni: 'héllo 世界',
  ctl: 'tab\tnl\nq"b\\',
  objs: [{ Name: 'one', Port: 80 }, { Name: 'two' }],
};

function toValue(parsed: unknown): Value {
  if (parsed === null) return NIL;
  if (Array.isArray(parsed)) return toList(parsed.map(toValue), '[]interface {}');
  if (typeof parsed === 'object') {
    const entries = Object.entries(parsed).map(([key, value]) => [key, toValue(value)] as const);
    return toDictionary(new Map(entries), 'map[string]interface {}');
  }
  return parsed as string | number | boolean;
}

const LABELS = new Map([
  ['b', 'two'],
  ['a', 'one'],
  ['com.x.y', 'dots'],
]);
const MEMBERS: Readonly<Record<string, Value>> = {
  ClusterVolume: { kind: 'nil', type: '*volume.ClusterVolume' },
  CreatedAt: '2026-01-02T03:04:05Z',
  Driver: 'local',
  Labels: toDictionary(LABELS, 'map[string]string', ''),
  Mountpoint: '/mnt/data',
  Name: 'data',
  Options: { kind: 'dictionary', entries: new Map(), isNil: true, type: 'map[string]string', missing: '' },
  Scope: 'local',
  Status: toValue(STATUS),
  UsageData: { kind: 'nil', type: '*volume.UsageData' },
};

const VOLUME: Struct = {
  kind: 'struct',
  type: 'volume.Volume',
  member: (name) => (name in MEMBERS ? { kind: 'value', value: MEMBERS[name] } : undefined),
  values: () => Object.values(MEMBERS),
  json: () => encodeJson(toDictionary(new Map(Object.entries(MEMBERS)), '')),
};

function outcome(template: string): string {
  try {
    return `${parseTemplate(template).execute(VOLUME)}\n`;
  } catch (error) {
    return messageOf(error);
  }
}

describe('a template prints what docker prints', () => {
  for (const entry of golden.filter((one) => one.status === 0)) {
    test(entry.template, () => expect(outcome(entry.template)).toBe(entry.stdout));
  }
});

describe('a template that docker refuses, or that fails, does so with its words', () => {
  for (const entry of golden.filter((one) => one.status !== 0)) {
    const message = entry.stderr.trim().replace(/^template parsing error: /, '');
    test(entry.template, () => expect(outcome(entry.template)).toBe(message));
  }
});

test('nested templates are refused rather than ignored', () => {
  expect(outcome('{{define "x"}}a{{end}}')).toBe('template: :1: {{define}} is not supported');
});
