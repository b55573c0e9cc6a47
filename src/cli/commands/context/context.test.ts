import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAuthority } from '../../../../test/fixtures/authority.ts';

const DOCKER = join(import.meta.dirname, '../../../../bin/docker');
let folder: string;

beforeAll(() => {
  folder = mkdtempSync('/tmp/skiff-context-');
});
afterAll(() => rmSync(folder, { recursive: true }));

function context(line: string, env: Readonly<Record<string, string>> = {}): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync([DOCKER, 'context', ...line.split(' ')], {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: folder, DOCKER_CONFIG: join(folder, 'config'), ...env },
  });
  const text = `${stdout.toString()}${stderr.toString()}`.replace(/[0-9a-f]{64}/g, 'ID').replaceAll(folder, '');
  return exitCode === 0 ? text : `${text}= ${exitCode}\n`;
}

/** In this order; what docker 28.2 prints. */
const SESSION: readonly (readonly [string, string])[] = [
  ['create aa --description d1 --docker host=tcp://h:1', 'aa\nSuccessfully created context "aa"\n'],
  ['create bb', 'bb\nSuccessfully created context "bb"\n'],
  ['create bb', 'context "bb" already exists\n= 1\n'],
  ['create cc --from aa', 'cc\nSuccessfully created context "cc"\n'],
  [
    'create dd --from nope',
    'context "nope": context not found: open /config/contexts/meta/ID/meta.json: no such file or directory\n= 1\n',
  ],
  ['create ee --docker from=aa', 'ee\nSuccessfully created context "ee"\n'],
  [
    'ls',
    `NAME        DESCRIPTION                               DOCKER ENDPOINT               ERROR
aa          d1                                        tcp://h:1                     
bb          Current DOCKER_HOST based configuration   unix:///var/run/docker.sock   
cc          d1                                        tcp://h:1                     
default *   Current DOCKER_HOST based configuration   unix:///var/run/docker.sock   
ee                                                    tcp://h:1                     
`,
  ],
  ['ls -q', 'aa\nbb\ncc\ndefault\nee\n'],
  [
    'inspect aa',
    `[
    {
        "Name": "aa",
        "Metadata": {
            "Description": "d1"
        },
        "Endpoints": {
            "docker": {
                "Host": "tcp://h:1",
                "SkipTLSVerify": false
            }
        },
        "TLSMaterial": {},
        "Storage": {
            "MetadataPath": "/config/contexts/meta/ID",
            "TLSPath": "/config/contexts/tls/ID"
        }
    }
]
`,
  ],
  ['use aa', 'aa\nCurrent context is now "aa"\n'],
  ['show', 'aa\n'],
  ['rm aa', 'context "aa" is in use, set -f flag to force remove\n= 1\n'],
  ['use default', 'default\nCurrent context is now "default"\n'],
  ['rm aa', 'aa\n'],
  ['update cc --description new', 'cc\nSuccessfully updated context "cc"\n'],
  ['update cc --docker host=unix:///x', 'cc\nSuccessfully updated context "cc"\n'],
  ['inspect cc -f {{.Name}}={{.Endpoints.docker.Host}}', 'cc=unix:///x\n'],
  ['export cc', 'Written file "cc.dockercontext"\n'],
  ['export cc', 'open cc.dockercontext: file exists\n= 1\n'],
  ['import ff cc.dockercontext', 'ff\nSuccessfully imported context "ff"\n'],
  ['import ff cc.dockercontext', 'context "ff" already exists\n= 1\n'],
  [
    'create xx --docker ca=/nope,host=tcp://h',
    'unable to create docker endpoint config: open /nope: no such file or directory\n= 1\n',
  ],
  ['create xx --docker foo=1', 'unable to create docker endpoint config: unrecognized config key: foo\n= 1\n'],
  [
    'create xx --docker ca=cc.dockercontext,host=tcp://h',
    'unable to create docker endpoint config: invalid docker endpoint options: failed to retrieve context tls info: ca.pem seems invalid\n= 1\n',
  ],
  [
    'create .bad',
    'context name ".bad" is invalid, names are validated against regexp "^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$"\n= 1\n',
  ],
  ['create default', '"default" is a reserved context name\n= 1\n'],
  ['rm default', 'context "default" cannot be removed\n= 1\n'],
  ['ls --format {{.Name}}:{{.Current}}', 'bb:false\ncc:false\ndefault:true\nee:false\nff:false\n'],
  ['use cc', 'cc\nCurrent context is now "cc"\n'],
  ['rm -f cc', 'cc\n'],
  ['show', 'default\n'],
  ['rm bb nope ee', 'bb\nee\ncontext "nope" does not exist\n= 1\n'],
];

test('a session as docker 28.2 answers it', () => {
  for (const [line, expected] of SESSION) expect(`${line}\n${context(line)}`).toBe(`${line}\n${expected}`);
});

test('DOCKER_HOST goes before every context, and who looks is told', () => {
  const host = { DOCKER_HOST: 'unix:///y' };
  expect(context('ls', host)).toContain('default *   Current DOCKER_HOST based configuration   unix:///y');
  expect(context('ls', host)).toContain(
    'Warning: DOCKER_HOST environment variable overrides the active context. To use a context, either set',
  );
  expect(context('use ff', host)).toContain('overrides the active context. To use "ff", either');
  expect(context('show', host)).toBe('default\n');
  expect(context('show', { DOCKER_CONTEXT: 'ff' })).toBe('ff\n');
});

test('one that is in use and gone is shown with the reason, and can be left', () => {
  expect(context('ls', { DOCKER_CONTEXT: 'zz' })).toMatch(/^zz \* .* context "zz": context not found: open .*…$/m);
  expect(context('use default', { DOCKER_CONTEXT: 'zz' })).toContain('Current context is now "default"');
});

test('certificates go along, readable by their owner only', () => {
  using authority = createAuthority(['127.0.0.1']);
  const files = `ca=${authority.ca},cert=${authority.certificate},key=${authority.key}`;
  expect(context(`create tt --docker host=tcp://h,${files}`)).toContain('Successfully created');
  context('export tt');
  context('import uu tt.dockercontext');
  expect(context('inspect uu')).not.toContain('PRIVATE');
  const { TLSMaterial, Storage } = JSON.parse(context('inspect uu').replaceAll('ID', 'x'))[0] as Record<string, never>;
  expect(TLSMaterial).toEqual({ docker: ['ca.pem', 'cert.pem', 'key.pem'] } as never);
  expect(Storage).toBeDefined();
  expect(statSync(join(folder, 'tt.dockercontext')).mode & 0o777).toBe(0o600);
  context('rm tt uu');
});

test('an archive that holds anything else is refused', () => {
  writeFileSync(join(folder, 'evil.tar'), Bun.spawnSync(['tar', 'c', '-C', '/etc', 'hostname']).stdout);
  expect(context('import vv evil.tar')).toBe('invalid context file: hostname\n= 1\n');
  expect(existsSync(join(folder, 'config/contexts/meta'))).toBe(true);
  expect(readFileSync(join(folder, 'config/config.json'), 'utf8')).not.toContain('vv');
});
