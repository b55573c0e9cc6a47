import { expect, test } from 'bun:test';
import { formatSecret } from './secret-text.ts';

const secret = { ID: 'abc', CreatedAt: '2026-01-02T03:04:05.123456789Z', UpdatedAt: '2026-01-02T03:04:05.100Z' };

/** Recorded from docker 28.2.2. */
test('a secret is printed as docker secret inspect --pretty does', () => {
  expect(formatSecret({ ...secret, Spec: { Name: 'se', Labels: { b: '2', a: '', c: 'x y' } } })).toBe(
    [
      'ID:              abc',
      'Name:              se',
      'Labels:',
      ' - a',
      ' - b=2',
      ' - c=x y',
      'Driver:            ',
      'Created at:        2026-01-02 03:04:05.123456789 +0000 utc',
      'Updated at:        2026-01-02 03:04:05.1 +0000 utc',
      '',
    ].join('\n'),
  );
  expect(formatSecret({ ...secret, UpdatedAt: '2026-01-02T03:04:05Z', Spec: { Name: 'se' } })).toContain(
    'Driver:            \nCreated at:        2026-01-02 03:04:05.123456789 +0000 utc\nUpdated at:        2026-01-02 03:04:05 +0000 utc\n',
  );
});
