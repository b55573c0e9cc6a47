import { describe, expect, test } from 'bun:test';
import { parseSecurity, planAppArmor, securityWarnings } from './security.ts';

describe('options are read as Docker reads them', () => {
  const nothing = parseSecurity([]);
  test.each([
    ['no-new-privileges', { noNewPrivileges: true }],
    ['no-new-privileges=0', { noNewPrivileges: false }],
    ['no-new-privileges:true', { noNewPrivileges: true }],
    ['seccomp=unconfined', { seccomp: 'unconfined' }],
    ['seccomp=builtin', { seccomp: 'default' }],
    ['seccomp={"defaultAction":"SCMP_ACT_ALLOW"}', { seccomp: { defaultAction: 'SCMP_ACT_ALLOW' } }],
    ['apparmor=other', { appArmor: 'other' }],
    ['apparmor:unconfined', { appArmor: 'unconfined' }],
    ['label=type:a_t', { labels: ['type:a_t'] }],
    ['disable', { labels: ['disable'] }],
    ['writable-cgroups=true', { writableCgroups: true }],
    ['writable-cgroups=F', { writableCgroups: false }],
  ] as const)('%s', (option, expected) => {
    expect(parseSecurity([option])).toEqual(Object.assign({}, nothing, expected));
  });
  test('a later option of a kind wins, labels are all kept', () => {
    const options = ['seccomp=unconfined', 'seccomp=builtin', 'label=user:u', 'label=role:r'];
    expect(parseSecurity(options)).toEqual({ ...nothing, labels: ['user:u', 'role:r'] });
  });
});

test.each([
  ['foo', 'invalid --security-opt 1: "foo"'],
  ['foo=bar', 'invalid --security-opt 2: "foo=bar"'],
  ['mask=/proc/cpuinfo', 'invalid --security-opt 2: "mask=/proc/cpuinfo"'],
  ['systempaths=unconfined', 'invalid --security-opt 2: "systempaths=unconfined"'],
  ['no-new-privileges=maybe', 'invalid --security-opt 2: "no-new-privileges=maybe"'],
  ['writable-cgroups=2', 'invalid --security-opt 2: "writable-cgroups=2"'],
  ['seccomp={', 'decoding seccomp profile failed'],
  ['seccomp={}', 'seccomp profile has no defaultAction'],
])('%s is refused: %s', (option, text) => {
  expect(() => parseSecurity([option])).toThrow(text);
});

test.each([
  [[], false, 'docker-default'],
  [[], true, 'unconfined'],
  [['apparmor=own'], false, 'own'],
  [['apparmor=own'], true, 'own'],
  [['apparmor=unconfined'], false, 'unconfined'],
] as const)(
  'with AppArmor, %j of a container that is privileged: %p has the profile %s',
  (options, privileged, name) => {
    expect(planAppArmor(parseSecurity(options), privileged, { appArmor: 'docker-default' })).toBe(name);
    expect(planAppArmor(parseSecurity(options), privileged, { appArmor: undefined })).toBeUndefined();
  },
);

test.each([
  [
    ['apparmor=own'],
    undefined,
    ['Your kernel does not support AppArmor, or it is not enabled. Profile own discarded.'],
  ],
  [['apparmor=own'], 'docker-default', []],
  [['apparmor=unconfined', 'label=disable'], undefined, []],
  [
    ['label=disable', 'label=type:a_t'],
    undefined,
    ['This engine sets no SELinux labels. Label option type:a_t discarded.'],
  ],
] as const)('%j where AppArmor is %p warns of what is discarded', (options, appArmor, warnings) => {
  expect(securityWarnings(parseSecurity(options), { appArmor })).toEqual([...warnings]);
});
