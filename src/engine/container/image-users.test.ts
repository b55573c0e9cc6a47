import { expect, test } from 'bun:test';
import type { ContainerRecord } from '../../store/record/container-records.ts';
import { imageUsersOf } from './image-users.ts';

test('a container uses its own image and those that are mounted into it, each once', () => {
  const mount = (id: string): unknown => ({ kind: 'image', image: { id, manifest: `m-${id}` } });
  const record = {
    id: 'c',
    image: { id: 'own', manifest: { digest: 'm-own' } },
    mounts: [mount('other'), mount('own'), mount('other'), { kind: 'image' }, { kind: 'tmpfs' }],
    state: { status: 'paused' },
  } as unknown as ContainerRecord;
  expect(imageUsersOf(record)).toEqual([
    { containerId: 'c', imageId: 'other', manifest: 'm-other', running: true },
    { containerId: 'c', imageId: 'own', manifest: 'm-own', running: true },
  ]);
});
