import { expect, test } from 'bun:test';
import type { Schema } from './definition.ts';
import { createChecker } from './schema.ts';

const PORT: Schema = {
  type: 'object',
  required: ['Number'],
  properties: {
    Number: { type: 'integer', format: 'uint16' },
    Kind: { type: 'string', enum: ['tcp', 'udp'] },
    At: { type: 'string', format: 'dateTime' },
    Note: { type: 'string', 'x-nullable': true },
    Size: { type: 'array', items: { type: 'number' }, minItems: 1 },
    Labels: { type: 'object', additionalProperties: { type: 'string' } },
    Free: { type: 'object' },
    Next: { $ref: '#/definitions/Port' },
  },
};

test.each([
  [{ Number: 1 }, []],
  [{ Number: 65536 }, ['Port.Number: 65536 is out of range']],
  [{ Number: 1.5 }, ['Port.Number: number instead of integer']],
  [{}, ['Port.Number: missing']],
  [{ Number: 1, number: 1 }, ['Port.number: not in the definition']],
  [{ Number: 1, Kind: 'sctp' }, ['Port.Kind: "sctp" is not in the enum']],
  [{ Number: 1, Kind: null }, ['Port.Kind: null']],
  [{ Number: 1, Note: null }, []],
  [{ Number: 1, At: '2024-01-02 03:04:05' }, ['Port.At: 2024-01-02 03:04:05 is no time']],
  [{ Number: 1, At: '2024-01-02T03:04:05.123456789Z' }, []],
  [{ Number: 1, Size: [] }, ['Port.Size: 0 items']],
  [{ Number: 1, Size: [1, 'x', 'y'] }, ['Port.Size[]: string instead of number']],
  [{ Number: 1, Labels: { a: 1 } }, ['Port.Labels.*: integer instead of string']],
  [{ Number: 1, Free: { a: [1] } }, []],
  [{ Number: 1, Next: { Number: 'x' } }, ['Port.Number: string instead of integer']],
  [[], ['Port: array instead of object']],
])('%j: %j', (value, problems) => {
  const checker = createChecker({ definitions: { Port: PORT } });
  expect(checker.check({ $ref: '#/definitions/Port' }, value, 'Port')).toEqual(problems);
});

test('the parts of allOf are one object, and what was met is remembered', () => {
  const checker = createChecker({ definitions: { Port: PORT } });
  const schema: Schema = { allOf: [{ $ref: '#/definitions/Port' }, { properties: { More: { type: 'boolean' } } }] };
  expect(checker.check(schema, { Number: 1, More: true, Less: 1 }, 'Both')).toEqual([
    'Both.Less: not in the definition',
  ]);
  expect([...checker.met]).toEqual(['Both.Number', 'Both.More']);
  expect(checker.fieldsOf(schema, 'Both')).toContain('Port.Number');
});
