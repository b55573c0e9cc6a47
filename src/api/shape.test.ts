import { expect, test } from 'bun:test';
import { decodeCreate, decodeExec } from './container-shape.ts';
import { decode } from './shape.ts';

test('fields are matched without regard to case, unknown ones dropped, null is unset', () => {
  expect(decodeCreate({ image: 'busybox', Cmd: null, Nope: 1, hostconfig: { privileged: true } })).toEqual({
    config: { Image: 'busybox', Cmd: null } as never,
    hostConfig: { Privileged: true },
    networkingConfig: {},
  });
  expect(decode([null, 'a'], { list: 'string' }, 'x')).toEqual(['', 'a']);
});

test('one word stands for a list of one where the original takes that', () => {
  expect(decodeCreate({ Cmd: 'x', Entrypoint: ['y'], HostConfig: { CapAdd: 'ALL' } })).toMatchObject({
    config: { Cmd: ['x'], Entrypoint: ['y'] },
    hostConfig: { CapAdd: ['ALL'] },
  });
});

const WRONG: readonly (readonly [body: Readonly<Record<string, unknown>>, words: string])[] = [
  [
    { HostConfig: { Privileged: 'false' } },
    'string into Go struct field CreateRequest.HostConfig.Privileged of type bool',
  ],
  [{ HostConfig: { Memory: 'abc' } }, 'string into Go struct field CreateRequest.HostConfig.Memory of type int64'],
  [{ HostConfig: { Memory: 1.5 } }, 'number 1.5 into Go struct field CreateRequest.HostConfig.Memory of type int64'],
  [{ HostConfig: { Memory: 9e30 } }, 'number 9e+30 into'],
  [{ HostConfig: { Binds: 'x' } }, 'string into Go struct field CreateRequest.HostConfig.Binds of type []string'],
  [{ HostConfig: { Binds: [1] } }, 'number into Go struct field CreateRequest.HostConfig.Binds of type string'],
  [{ HostConfig: { Mounts: [{ ReadOnly: 'true' }] } }, 'CreateRequest.HostConfig.Mounts.ReadOnly of type bool'],
  [{ HostConfig: [] }, 'array into Go struct field CreateRequest.HostConfig of type struct'],
  [{ Labels: { a: 1 } }, 'number into Go struct field CreateRequest.Labels of type string'],
  [{ Image: {} }, 'object into Go struct field CreateRequest.Image of type string'],
  [{ Env: 'x' }, 'string into Go struct field CreateRequest.Env of type []string'],
  [{ Tty: 1 }, 'number into Go struct field CreateRequest.Tty of type bool'],
  [{ NetworkingConfig: { EndpointsConfig: { a: { Aliases: 'b' } } } }, 'NetworkingConfig.EndpointsConfig.Aliases'],
];

test.each([...WRONG])('%j is refused', (body, words) => {
  expect(() => decodeCreate(body)).toThrow(words);
  expect(() => decodeCreate(body)).toThrow('invalid JSON: json: cannot unmarshal');
});

test('an exec of the wrong shape is refused', () => {
  expect(() => decodeExec({ Privileged: 'x' })).toThrow('ExecConfig.Privileged of type bool');
  expect(decodeExec({ Cmd: 'true' })).toEqual({ Cmd: ['true'] });
});

test('a NUL character is refused wherever a text may be', () => {
  expect(() => decodeCreate({ WorkingDir: '/a\0b' })).toThrow('CreateRequest.WorkingDir holds a NUL character');
});
