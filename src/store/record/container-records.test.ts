import { expect, test } from 'bun:test';
import { createContainerRecords } from './container-records.host.ts';
import type { ContainerRecord } from './container-records.ts';
import { openDatabase } from './database.host.ts';

const ZERO_TIME = '0001-01-01T00:00:00Z';

function record(id: string, name: string): ContainerRecord {
  return {
    id,
    name,
    created: '2026-01-02T03:04:05.678Z',
    image: {
      id: 'sha256:1',
      reference: 'busybox',
      manifest: { mediaType: 'm', digest: 'sha256:2', size: 3 },
      platform: { os: 'linux', architecture: 'amd64' },
      chain: 'sha256:4',
    },
    config: { Cmd: ['true'] },
    hostConfig: {},
    endpoints: {},
    mounts: [],
    state: {
      status: 'created',
      pid: 0,
      exitCode: 0,
      error: '',
      oomKilled: false,
      startedAt: ZERO_TIME,
      finishedAt: ZERO_TIME,
      restartCount: 0,
      manuallyStopped: false,
    },
  };
}

function create() {
  return createContainerRecords({ db: openDatabase(':memory:') });
}

test('records come back as they were, oldest first', () => {
  const records = create();
  records.insert(record('b', 'second'));
  records.insert(record('a', 'first'));
  expect(records.all()).toEqual([record('b', 'second'), record('a', 'first')]);
});

test('a taken name is a conflict and changes nothing', () => {
  const records = create();
  records.insert(record('a', 'one'));
  records.insert(record('b', 'two'));
  expect(() => records.insert(record('c', 'one'))).toThrow(/taken/);
  expect(() => records.rename('b', 'one')).toThrow(/taken/);
  expect(records.all().map(({ name }) => name)).toEqual(['one', 'two']);
});

test('state and name change, deletion is idempotent', () => {
  const records = create();
  records.insert(record('a', 'one'));
  records.saveState('a', { ...record('a', 'one').state, status: 'exited', exitCode: 3 });
  records.rename('a', 'uno');
  expect(records.all()[0]).toMatchObject({ name: 'uno', state: { status: 'exited', exitCode: 3 } });
  records.delete('a');
  records.delete('a');
  expect(records.all()).toEqual([]);
});
