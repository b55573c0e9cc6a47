import { expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorCode, sha256, startTestRegistry } from './registry.fake.ts';

/** A file system of 2 MiB in a folder of its own, as long as the work takes. */
async function onSmallDisk(work: (root: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'skiff-full-'));
  const mount = (...argv: readonly string[]): void => expect(Bun.spawnSync([...argv]).exitCode).toBe(0);
  mount('mount', '-t', 'tmpfs', '-o', 'size=2m', 'none', folder);
  try {
    await work(join(folder, 'root'));
  } finally {
    mount('umount', folder);
    rmSync(folder, { recursive: true });
  }
}

test('a full disk is 507 and says so, nothing half-made is served, and what was there before is', async () => {
  await onSmallDisk(async (root) => {
    await using registry = await startTestRegistry({ root });
    const image = await registry.pushImage('a', 'v1');
    const large = randomBytes(3_000_000);
    const path = `/v2/a/blobs/uploads/?digest=${sha256(large)}`;
    const refused = await registry.fetch(path, { method: 'POST', body: large });
    expect([refused.status, await errorCode(refused)]).toEqual([507, 'UNAVAILABLE']);
    expect(registry.lines.at(-1)).toContain('ENOSPC');
    expect((await registry.fetch(`/v2/a/blobs/${sha256(large)}`)).status).toBe(404);
    expect(await (await registry.fetch('/v2/a/manifests/v1')).text()).toBe(image.text);
    await registry.pushImage('a', 'v2');

    const started = await registry.fetch('/v2/a/blobs/uploads/', { method: 'POST' });
    const location = started.headers.get('location') ?? '';
    expect((await registry.fetch(location, { method: 'PATCH', body: large })).status).toBe(507);
    const here = Number((await registry.fetch(location)).headers.get('range')?.split('-')[1]) + 1;
    expect([here > 0, here < large.length]).toEqual([true, true]);
    expect((await registry.fetch(location, { method: 'DELETE' })).status).toBe(204);
    await registry.pushImage('a', 'v3');
  });
});
