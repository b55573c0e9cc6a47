import { expect, test } from 'bun:test';
import { annotationsFor } from './annotations.ts';
import { imageUrl } from './package-url.ts';
import type { AnnotationRequest } from './request.ts';

const arm = { os: 'linux', architecture: 'arm64' };
const asked = (key: string, value: string, more: Partial<AnnotationRequest> = {}): AnnotationRequest => ({
  level: 'manifest',
  platform: undefined,
  key,
  value,
  ...more,
});

test('annotations go to their level and platform, sorted; the later of equals and the one for a platform win', () => {
  const all = [
    asked('b', 'arm', { platform: arm }),
    asked('b', 'each'),
    asked('a', '1'),
    asked('a', '2'),
    asked('i', '1', { level: 'index' }),
  ];
  expect(Object.entries(annotationsFor(all, 'manifest', arm))).toEqual([
    ['a', '2'],
    ['b', 'arm'],
  ]);
  expect(annotationsFor(all, 'manifest', { os: 'linux', architecture: 'amd64' })).toEqual({ a: '2', b: 'each' });
  expect(annotationsFor(all, 'index', undefined)).toEqual({ i: '1' });
});

test.each([
  ['docker.io/library/alpine:3.17', 'pkg:docker/alpine@3.17?platform=linux%2Farm64'],
  ['docker.io/some/app:1', 'pkg:docker/some/app@1?platform=linux%2Farm64'],
  ['reg.invalid:5000/a/b:c', 'pkg:docker/reg.invalid%3A5000/a/b@c?platform=linux%2Farm64'],
  [
    `docker.io/library/x@sha256:${'a'.repeat(64)}`,
    `pkg:docker/x?digest=sha256:${'a'.repeat(64)}&platform=linux%2Farm64`,
  ],
])('%s is %s', (reference, url) => {
  expect(imageUrl(reference, arm)).toBe(url);
});
