import { expect, test } from 'bun:test';
import { resolve } from 'node:path';

const source = resolve(import.meta.dirname, '../../../monitor');

test('the modules of the C monitor pass their own checks under the sanitizers', async () => {
  const child = Bun.spawn(['make', '--silent', '-C', source, 'test'], { stdout: 'pipe', stderr: 'pipe' });
  const [output, errors] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  expect(errors).toBe('');
  expect(output).toMatch(/^[1-9]\d{3} checks, 0 failed\n$/);
  expect(await child.exited).toBe(0);
}, 120_000);
