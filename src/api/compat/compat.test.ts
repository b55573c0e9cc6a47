import { describe, expect, test } from 'bun:test';
import { containerInspectAs, containerSummaryAs, createBodyAs, updateBodyAs } from './container.ts';
import { imageInspectAs, imageSummaryAs } from './image.ts';
import { isBefore } from './version.ts';

test.each([
  ['1.9', '1.10', true],
  ['1.41', '1.41', false],
  ['1.51', '1.42', false],
  ['1.24', '1.51', true],
])('%s comes before %s: %p', (version, other, expected) => {
  expect(isBefore(version, other)).toBe(expected);
});

describe('images', () => {
  const descriptor = { mediaType: 'x', digest: 'y', size: 1 };
  const image = { Id: 'i', Size: 7, Config: { Cmd: ['sh'] }, Descriptor: descriptor, Manifests: [] };

  test.each([
    ['1.51', ['Config', 'Descriptor', 'Id', 'Manifests', 'Size']],
    ['1.47', ['Config', 'Id', 'Size']],
    ['1.44', ['Config', 'Container', 'ContainerConfig', 'Id', 'Size']],
    ['1.43', ['Config', 'Container', 'ContainerConfig', 'Id', 'Size', 'VirtualSize']],
  ])('version %s is told %j', (version, fields) => {
    expect(Object.keys(imageInspectAs(version, image)).toSorted()).toEqual(fields);
  });

  test('the configuration has its fields even when nothing is set, and those of a container before 1.50', () => {
    const shown = (version: string): object => imageInspectAs(version, image).Config ?? {};
    expect(shown('1.50')).toEqual({
      Cmd: ['sh'],
      Entrypoint: null,
      Env: null,
      Labels: null,
      OnBuild: null,
      User: '',
      Volumes: null,
      WorkingDir: '',
    });
    expect(shown('1.49')).toMatchObject({ Cmd: ['sh'], Hostname: '', Tty: false, Image: '' });
  });

  test.each([
    ['1.48', ['Descriptor', 'Id', 'Manifests', 'Size']],
    ['1.47', ['Id', 'Manifests', 'Size']],
    ['1.46', ['Id', 'Size']],
    ['1.43', ['Id', 'Size', 'VirtualSize']],
  ])('a row of version %s has %j', (version, fields) => {
    const { Config: _, ...row } = image;
    expect(Object.keys(imageSummaryAs(version, row)).toSorted()).toEqual(fields);
  });
});

describe('containers', () => {
  const container = {
    Id: '0123456789abcdef',
    Config: { Hostname: 'here' },
    ImageManifestDescriptor: { mediaType: 'x' },
    NetworkSettings: { Networks: { bridge: { Aliases: null }, mine: { Aliases: ['web', 'here'] } } },
  } as unknown as Parameters<typeof containerInspectAs>[1];

  test('aliases hold the short id and the host name before 1.45, on networks of users', () => {
    const networks: unknown = containerInspectAs('1.44', container).NetworkSettings?.Networks;
    expect(networks).toEqual({
      bridge: { Aliases: null },
      mine: { Aliases: ['web', 'here', '0123456789ab'] },
    });
    expect(containerInspectAs('1.45', container).NetworkSettings).toEqual(container.NetworkSettings);
  });

  test('the manifest is told since 1.48, annotations since 1.46', () => {
    expect(containerInspectAs('1.48', container)).toHaveProperty('ImageManifestDescriptor');
    expect(containerInspectAs('1.47', container)).not.toHaveProperty('ImageManifestDescriptor');
    const row = { HostConfig: { NetworkMode: 'host', Annotations: { a: 'b' } } };
    expect(containerSummaryAs('1.46', row).HostConfig).toEqual({ NetworkMode: 'host', Annotations: { a: 'b' } });
    expect(containerSummaryAs('1.45', row).HostConfig).toEqual({ NetworkMode: 'host' });
  });

  const body = (hostConfig: object, more: object = {}) => ({ config: {}, hostConfig, networkingConfig: {}, ...more });

  test.each([
    ['1.24', { AutoRemove: true }, { AutoRemove: false }],
    ['1.25', { AutoRemove: true }, { AutoRemove: true }],
    ['1.39', { PidsLimit: 5 }, { PidsLimit: 5, IpcMode: 'shareable', CgroupnsMode: 'host' }],
    ['1.39', { IpcMode: 'private' }, { IpcMode: 'private' }],
    ['1.40', { PidsLimit: 5 }, { PidsLimit: 5, CgroupnsMode: 'host' }],
    ['1.41', { ConsoleSize: [1, 2] }, { ConsoleSize: null }],
    ['1.42', { Annotations: { a: 'b' } }, { Annotations: undefined }],
    [
      '1.41',
      {
        Mounts: [
          { Type: 'bind', Source: '/s', BindOptions: { CreateMountpoint: true }, VolumeOptions: { NoCopy: true } },
        ],
      },
      { Mounts: [{ Type: 'bind', Source: '/s', BindOptions: {} }] },
    ],
    [
      '1.43',
      { Mounts: [{ Type: 'bind', ReadOnly: true, BindOptions: { Propagation: 'rslave' } }] },
      { Mounts: [{ Type: 'bind', BindOptions: { Propagation: 'rslave', ReadOnlyNonRecursive: true } }] },
    ],
    [
      '1.41',
      { Mounts: [{ Type: 'bind', ReadOnly: true }] },
      { Mounts: [{ Type: 'bind', BindOptions: { ReadOnlyNonRecursive: true } }] },
    ],
    ['1.44', { Mounts: [{ Type: 'bind', ReadOnly: true }] }, { Mounts: [{ Type: 'bind', ReadOnly: true }] }],
    ['1.43', { Mounts: [{ Type: 'volume', ReadOnly: true }] }, { Mounts: [{ Type: 'volume', ReadOnly: true }] }],
  ])('version %s means %j as %j', (version, host, meant) => {
    expect(createBodyAs(version, body(host), 1).hostConfig).toMatchObject(meant);
  });

  test.each([
    ['1.43', { Mounts: [{ Type: 'bind', BindOptions: { ReadOnlyNonRecursive: true } }] }],
    ['1.44', { Mounts: [{ Type: 'volume', VolumeOptions: { Subpath: 'x' } }] }],
    ['1.45', { Mounts: [{ Type: 'tmpfs', TmpfsOptions: { Options: [['noexec']] } }] }],
    ['1.47', { Mounts: [{ Type: 'image' }] }],
  ])('version %s cannot ask for %j', (version, host) => {
    expect(() => createBodyAs(version, body(host), 1)).toThrow('or newer');
  });

  test('one network at a time before 1.44, and no interval of its own for a start', () => {
    const two = { networkingConfig: { EndpointsConfig: { a: {}, b: {} } } };
    expect(() => createBodyAs('1.43', body({}, two), 1)).toThrow('network endpoints: a, b');
    expect(createBodyAs('1.44', body({}, two), 1)).toMatchObject(two);
    const health = { config: { Healthcheck: { Test: ['CMD', 'x'], StartInterval: 1 } } };
    expect(createBodyAs('1.43', body({}, health), 1).config).toEqual({ Healthcheck: { Test: ['CMD', 'x'] } });
  });

  test('an update knows the limit of processes since 1.40', () => {
    expect(updateBodyAs('1.39', { PidsLimit: 5, CpuShares: 1 })).toEqual({ CpuShares: 1 });
    expect(updateBodyAs('1.40', { PidsLimit: 5 })).toEqual({ PidsLimit: 5 });
  });
});
