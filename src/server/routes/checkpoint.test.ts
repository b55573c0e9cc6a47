import { expect, test } from 'bun:test';
import { checkpointRoutes, refuseCheckpoint } from './checkpoint.ts';

test('checkpoints are refused with the reason, and so is a start from one', async () => {
  for (const route of checkpointRoutes())
    await expect(route.handle(undefined as never)).rejects.toMatchObject({
      kind: 'not_implemented',
      message: expect.stringContaining('CRIU'),
    });
  const start = (query: string) => () => refuseCheckpoint({ query: new URLSearchParams(query) });
  expect(start('checkpoint=c')).toThrow('CRIU');
  expect(start('detachKeys=a')).not.toThrow();
});
