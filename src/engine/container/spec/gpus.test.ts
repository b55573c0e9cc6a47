import { expect, test } from 'bun:test';
import { withGpus } from './gpus.ts';
import type { RuntimeSpec } from './runtime-spec.ts';

const hook = { path: '/usr/bin/nvidia-container-runtime-hook', env: ['PATH=/bin'] };
const spec = { process: { env: ['A=b', 'NVIDIA_VISIBLE_DEVICES=all'] } } as unknown as RuntimeSpec;
const gpu = { Driver: '', Capabilities: [['gpu']] };

test.each([
  [{ ...gpu, Count: -1 }, ['NVIDIA_VISIBLE_DEVICES=all']],
  [{ ...gpu, Count: 2 }, ['NVIDIA_VISIBLE_DEVICES=0,1']],
  [{ ...gpu, Count: 0 }, ['NVIDIA_VISIBLE_DEVICES=void']],
  [{ ...gpu, DeviceIDs: ['GPU-1', '3'] }, ['NVIDIA_VISIBLE_DEVICES=GPU-1,3']],
  [
    { Driver: 'nvidia', Count: -1, Capabilities: [['tpu'], ['gpu', 'compute', 'utility']] },
    ['NVIDIA_VISIBLE_DEVICES=all', 'NVIDIA_DRIVER_CAPABILITIES=compute,utility'],
  ],
])("%j gives the hook of NVIDIA its environment %j, and the image's is gone", (request, env) => {
  const made = withGpus(spec, { DeviceRequests: [request] }, () => hook);
  expect(made.process.env).toEqual(['A=b', ...env]);
  expect(made.hooks).toEqual({
    prestart: [{ path: hook.path, args: ['nvidia-container-runtime-hook', 'prestart'], env: ['PATH=/bin'] }],
  });
});

test.each([
  [gpu, undefined, 'could not select device driver "" with capabilities: [[gpu]]'],
  [
    { Driver: 'amd', Capabilities: [['gpu', 'x'], ['y']] },
    hook,
    'could not select device driver "amd" with capabilities: [[gpu x] [y]]',
  ],
  [{ Capabilities: [['tpu']] }, hook, 'could not select device driver "" with capabilities: [[tpu]]'],
  [{}, hook, 'could not select device driver "" with capabilities: []'],
  [{ ...gpu, Count: 1, DeviceIDs: ['0'] }, hook, 'cannot set both Count and DeviceIDs on device request'],
])('%j is refused in Docker’s words', (request, installed, text) => {
  expect(() => withGpus(spec, { DeviceRequests: [request] }, () => installed)).toThrow(text);
});

test('devices of CDI are left to CDI', () => {
  expect(withGpus(spec, { DeviceRequests: [{ Driver: 'cdi', DeviceIDs: ['a/b=c'] }] }, () => undefined)).toBe(spec);
});
