import { describe, expect, test } from 'bun:test';
import type { HostConfig } from '../../../api/types/container.ts';
import { toRegistry } from '../../../oci/cdi/registry.ts';
import { buildSpec } from './build-spec.ts';
import { ALL_CAPABILITIES, planCapabilities } from './capabilities.ts';
import { planDevices } from './devices.ts';
import type { HostFacts } from './host-facts.ts';
import { planLimits } from './resources.ts';
import { lookUpUser } from './user.ts';

const facts: HostFacts = {
  cgroupVersion: 1,
  capabilities: new Set(ALL_CAPABILITIES.filter((name) => name !== 'CAP_SYS_RESOURCE')),
  architecture: 'amd64',
  kernelVersion: '6.1.0-18-amd64',
  initPath: '/init',
  securityModules: { appArmor: undefined },
  nvidiaHook: () => undefined,
  readCdi: () => toRegistry([]),
  hardLimits: { RLIMIT_NOFILE: 4096 },
  devicesAt: (path) => [{ path, type: 'c', major: 10, minor: 229, fileMode: 0o600, uid: 0, gid: 0 }],
  defaultSeccomp: {
    defaultAction: 'SCMP_ACT_ERRNO',
    archMap: [{ architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86'] }],
    syscalls: [
      { names: ['read'], action: 'SCMP_ACT_ALLOW' },
      { names: ['mount'], action: 'SCMP_ACT_ALLOW', includes: { caps: ['CAP_SYS_ADMIN'] } },
      { names: ['old'], action: 'SCMP_ACT_ALLOW', includes: { arches: ['arm'] } },
      { names: ['ptrace'], action: 'SCMP_ACT_ALLOW', includes: { minKernel: '4.8' } },
      { names: ['future'], action: 'SCMP_ACT_ALLOW', includes: { minKernel: '6.2' } },
      { names: ['past'], action: 'SCMP_ACT_ALLOW', excludes: { minKernel: '6.1' } },
    ],
  },
};
const accounts = {
  passwd: 'root:x:0:0:root:/root:/bin/sh\nweb:x:33:33::/srv:/bin/sh\n',
  group: 'root:x:0:\nweb:x:33:\nlog:x:4:web,other\n',
};
const spec = (host: HostConfig, config = {}) =>
  buildSpec(
    {
      id: 'c',
      rootfs: '/r',
      config: { Cmd: ['sh'], ...config },
      hostConfig: host,
      accounts,
      hostname: 'h',
      mounts: [],
      netnsPath: '/n',
      userns: undefined,
      joins: {},
      cgroupPath: '/docker/c',
    },
    facts,
  );

test('a default container has its own namespaces, fourteen capabilities and the filtered seccomp list', () => {
  const { process, linux, mounts } = spec({});
  expect(linux.namespaces.map(({ type }) => type)).toEqual(['mount', 'network', 'uts', 'pid', 'ipc']);
  expect(process.capabilities.bounding.length).toBe(14);
  expect(process.env).toEqual([
    'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    'HOSTNAME=h',
    'HOME=/root',
  ]);
  expect(linux.seccomp).toEqual({
    defaultAction: 'SCMP_ACT_ERRNO',
    architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'],
    syscalls: [
      { names: ['read'], action: 'SCMP_ACT_ALLOW' },
      { names: ['ptrace'], action: 'SCMP_ACT_ALLOW' },
    ],
  });
  expect(mounts.find(({ destination }) => destination === '/sys')?.options).toContain('ro');
});

test('a user who is not root has no effective capabilities', () => {
  const { process } = spec({}, { User: 'web' });
  expect([process.user, process.capabilities.effective, process.capabilities.bounding.length]).toEqual([
    { uid: 33, gid: 33, additionalGids: [33, 4] },
    [],
    14,
  ]);
});

test('privileged means all that the daemon holds, without filter', () => {
  const { process, linux } = spec({ Privileged: true });
  expect(process.capabilities.bounding).toEqual([...facts.capabilities]);
  expect([linux.seccomp, linux.resources['devices']]).toEqual([undefined, [{ allow: true, access: 'rwm' }]]);
});

test('limits become the cgroup settings', () => {
  const { linux } = spec({ Memory: 1e8, MemorySwap: 2e8, NanoCpus: 5e8, PidsLimit: 10, CpusetCpus: '0' });
  expect(linux.resources).toMatchObject({
    memory: { limit: 1e8, swap: 2e8 },
    cpu: { period: 100_000, quota: 50_000, cpus: '0' },
    pids: { limit: 10 },
  });
});

test('init stands in front of the command', () => {
  const { process, mounts } = spec({ Init: true });
  expect(process.args).toEqual(['/sbin/docker-init', '--', 'sh']);
  expect(mounts.some(({ destination, source }) => destination === '/sbin/docker-init' && source === '/init')).toBe(
    true,
  );
});

describe('capabilities', () => {
  test.each([
    [{ CapAdd: ['net_admin'] }, 15],
    [{ CapDrop: ['ALL'] }, 0],
    [{ CapDrop: ['ALL'], CapAdd: ['CAP_CHOWN'] }, 1],
    [{ CapAdd: ['ALL'] }, 40],
    [{ CapDrop: ['chown'] }, 13],
    [{ CapAdd: ['SYS_RESOURCE'] }, 14],
  ])('%j gives %d', (host, count) => expect(planCapabilities(host, facts.capabilities).length).toBe(count));
  test('an unknown name is refused', () =>
    expect(() => planCapabilities({ CapAdd: ['NOPE'] }, facts.capabilities)).toThrow('CAP_NOPE'));
});

describe('users', () => {
  test.each([
    ['', 0, 0, '/root'],
    ['web', 33, 33, '/srv'],
    ['33', 33, 33, '/srv'],
    ['web:log', 33, 4, '/srv'],
    ['1000:1001', 1000, 1001, '/'],
    ['1000', 1000, 0, '/'],
  ])('%s', (text, uid, gid, home) => expect(lookUpUser(text, accounts)).toMatchObject({ uid, gid, home }));
  test.each(['nobody', 'web:nogroup', '99999999999'])('%s is refused', (text) =>
    expect(() => lookUpUser(text, accounts)).toThrow(),
  );
});

test('refusals name the thing', () => {
  expect(() => spec({ Sysctls: { 'kernel.panic': '1' } })).toThrow('kernel.panic');
  expect(() => spec({ SecurityOpt: ['seccomp={'] })).toThrow('seccomp');
  expect(() => spec({ SecurityOpt: ['what=ever'] })).toThrow('what=ever');
  expect(() => planLimits([{ Name: 'nofile', Soft: 1, Hard: 9999 }], facts.hardLimits)).toThrow('nofile=9999');
  expect(() => planLimits([{ Name: 'x', Soft: 1, Hard: 1 }], {})).toThrow('invalid ulimit type');
  expect(() => planDevices({ DeviceCgroupRules: ['z'] }, facts.devicesAt)).toThrow('rule format');
});
