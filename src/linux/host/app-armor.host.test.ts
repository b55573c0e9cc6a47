import { afterAll, expect, test } from 'bun:test';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createAppArmor } from './app-armor.host.ts';
import { formatDefaultProfile } from './app-armor-profile.ts';

const root = mkdtempSync('/tmp/sk-apparmor-');
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** What a kernel with AppArmor shows, and a program in place of apparmor_parser that notes what it was given. */
function kernel(name: string, enabled: string | undefined, script: string) {
  const at = join(root, name);
  const [modules, security, parser] = [join(at, 'module'), join(at, 'security'), join(at, 'parser')];
  mkdirSync(join(modules, 'apparmor/parameters'), { recursive: true });
  mkdirSync(join(security, 'apparmor'), { recursive: true });
  if (enabled !== undefined) writeFileSync(join(modules, 'apparmor/parameters/enabled'), enabled);
  const profiles = join(security, 'apparmor/profiles');
  writeFileSync(profiles, 'docker-default-other (enforce)\n');
  writeFileSync(parser, `#!/bin/sh\n${script}\n`);
  chmodSync(parser, 0o755);
  return {
    appArmor: createAppArmor({ modules, security, parser, container: '' }),
    profiles,
    modules,
    security,
    parser,
  };
}

test('without AppArmor there is no default profile', () => {
  expect(kernel('none', undefined, '').appArmor.defaultProfile).toBeUndefined();
  expect(kernel('off', 'N\n', '').appArmor.defaultProfile).toBeUndefined();
});

test('nor is there one in a container, or without the program that loads it', () => {
  const { modules, security, parser } = kernel('elsewhere', 'Y\n', '');
  const of = (more: object) => createAppArmor({ modules, security, parser, container: '', ...more }).defaultProfile;
  expect(of({})).toBe('docker-default');
  expect(of({ container: 'docker' })).toBeUndefined();
  expect(of({ parser: join(root, 'missing') })).toBeUndefined();
  expect(of({ security: join(root, 'missing') })).toBeUndefined();
});

test('the default profile is loaded when the kernel does not have it', () => {
  const given = join(root, 'on/given');
  const { appArmor, profiles } = kernel('on', 'Y\n', `echo "$@" > ${given}; cat >> ${given}`);
  expect(appArmor.defaultProfile).toBe('docker-default');
  appArmor.ensureDefault();
  expect(readFileSync(given, 'utf8')).toBe(`-Kr\n${formatDefaultProfile(existsSync)}`);
  rmSync(given);
  appendFileSync(profiles, 'docker-default (enforce)\n');
  appArmor.ensureDefault();
  expect(existsSync(given)).toBe(false);
});

test('a profile that cannot be loaded is an error with the words of apparmor_parser', () => {
  const { appArmor } = kernel('bad', 'Y\n', 'cat > /dev/null; echo "Permission denied; attempted to load" >&2; exit 4');
  expect(() => appArmor.ensureDefault()).toThrow(
    'AppArmor enabled on system but the docker-default profile could not be loaded: Permission denied; attempted to load',
  );
});

test("the distribution's own rules are taken where they are", () => {
  const full = formatDefaultProfile((path) => path.startsWith('/etc/apparmor.d/'));
  expect(full).toContain('#include <tunables/global>\n');
  expect(full).toContain('#include <abstractions/base>\n');
  const bare = formatDefaultProfile(() => false);
  expect(bare).toStartWith('@{PROC}=/proc/\n\nprofile docker-default ');
  expect(bare).not.toContain('#include');
});

/** apparmor.d(5): `*` stays within a folder, `**` does not, `{a,b}` is either. */
function denies(profile: string, path: string): boolean {
  const rules = [...profile.matchAll(/^ {2}deny (\S+) \w*w\w*,$/gm)].map(([, glob = '']) => glob);
  return rules.some((glob) => {
    const pattern = glob
      .replace('@{PROC}', '/proc')
      .replace('{,/**}', '\u0001')
      .replaceAll('**', '\u0002')
      .replaceAll('*', '[^/]*')
      .replaceAll('\u0002', '.+')
      .replace('\u0001', '(/.+)?');
    return new RegExp(`^${pattern}$`).test(path);
  });
}

test.each([
  ['/proc/sysrq-trigger', true],
  ['/proc/kcore', true],
  ['/proc/mtrr', true],
  ['/proc/bus/pci/00', true],
  ['/proc/scsi/scsi', true],
  ['/proc/sys/vm/drop_caches', true],
  ['/proc/sys/net/core/somaxconn', true],
  ['/proc/sys/kernel/core_pattern', true],
  ['/proc/sys/kernel/sem', true],
  ['/proc/sys/kernel/seccomp/actions_logged', true],
  ['/proc/sys/kernel/shmmax', false],
  ['/proc/12/attr/exec', false],
  ['/proc/1/oom_score_adj', false],
  ['/sys/kernel/security/apparmor/policy', true],
  ['/sys/firmware/efi', true],
  ['/sys/fs/bpf/x', true],
  ['/sys/block/vda/queue', true],
  ['/sys/fs/cgroup/memory/x', false],
  ['/etc/passwd', false],
])('a write of %s is denied: %p', (path, denied) => {
  expect(
    denies(
      formatDefaultProfile(() => false),
      path,
    ),
  ).toBe(denied);
});
