import { describe, expect, test } from 'bun:test';
import type { HostConfig } from '../../api/types/container.ts';
import { createWorld, until, type World } from './world.fake.ts';

const signal = new AbortController().signal;

async function started(hostConfig: HostConfig = {}): Promise<{ readonly world: World; readonly id: string }> {
  const world = createWorld();
  const id = await world.create({}, hostConfig);
  await world.service.start(id);
  return { world, id };
}

async function restarting(): Promise<{ readonly world: World; readonly id: string }> {
  const { world, id } = await started({ RestartPolicy: { Name: 'always' } });
  world.monitor().exit({ exitCode: 1 });
  await until(async () => (await world.status(id)) === 'restarting');
  return { world, id };
}

describe('while nothing can be written', () => {
  test.each([{}, { AutoRemove: true }, { RestartPolicy: { Name: 'always' } }] as const)(
    'stop of a container with %j answers when it has ended',
    async (hostConfig) => {
      const { world, id } = await started(hostConfig);
      world.fail.writes = true;
      await world.service.stop(id, { timeoutSeconds: 0 });
      expect(['exited', 'removing']).toContain((await world.status(id)) ?? '');
      expect(world.network.attached.size).toBe(0);
    },
  );

  test('stop of a paused one answers too', async () => {
    const { world, id } = await started();
    await world.service.pause(id);
    world.fail.writes = true;
    await world.service.stop(id, { timeoutSeconds: 0 });
    expect(await world.status(id)).toBe('exited');
  });

  test('stop in the back-off is refused, and the policy goes on', async () => {
    const { world, id } = await restarting();
    world.fail.writes = true;
    await expect(world.service.stop(id, {})).rejects.toThrow('the disk is sick');
    expect(await world.status(id)).toBe('restarting');
    world.fail.writes = false;
    await world.service.stop(id, {});
    expect(await world.status(id)).toBe('exited');
    await world.tasks.idle();
    expect(world.monitors.all).toHaveLength(1);
  });

  test('a restart by policy that cannot be recorded leaves it exited, wakes who waits, and it can be removed', async () => {
    const { world, id } = await restarting();
    const { result } = await world.service.wait(id, 'not-running', signal);
    world.fail.writes = true;
    expect((await result).StatusCode).toBe(128);
    expect(await world.status(id)).toBe('exited');
    world.fail.writes = false;
    await world.service.remove(id, { force: false, volumes: false });
    expect(world.isClean()).toBe(true);
  });

  test('who waits for a removal that fails is told why, and the next removal is another one', async () => {
    const { world, id } = await started({ AutoRemove: true });
    const { result } = await world.service.wait(id, 'removed', signal);
    world.fail.writes = true;
    world.monitor().exit({ exitCode: 3 });
    expect(await result).toEqual({ StatusCode: 3, Error: { Message: 'the disk is sick' } });
    world.fail.writes = false;
    const again = await world.service.wait(id, 'removed', signal);
    await world.service.remove(id, { force: true, volumes: false });
    expect(await again.result).toEqual({ StatusCode: 3 });
  });
});
