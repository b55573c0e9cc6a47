/**
 * Records what Docker's own client prints of `system df` and the prunes, on answers made here, into src/cli/format/usage.golden.json, to which
 * ours is held. Needs /usr/local/bin/docker 28.2; run it after a change to the cases below.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const NOW = Date.now();
const DAY = 24 * 3600;
const secondsAgo = (seconds: number): number => Math.floor(NOW / 1000) - seconds;
const timeAgo = (seconds: number): string => new Date(NOW - seconds * 1000).toISOString();
const id = (char: string): string => char.repeat(64);

const DF = {
  LayersSize: 1_234_567_890,
  Images: [
    {
      Id: `sha256:${id('1')}`,
      RepoTags: ['nginx:latest', 'nginx:1.27'],
      RepoDigests: [],
      Created: secondsAgo(40 * DAY),
      Size: 187_654_321,
      SharedSize: 4_261_502,
      Containers: 2,
      ParentId: '',
      Labels: null,
    },
    {
      Id: `sha256:${id('2')}`,
      RepoTags: [],
      RepoDigests: [`reg.local:5000/team/app@sha256:${id('9')}`],
      Created: secondsAgo(400 * DAY),
      Size: 4_261_502,
      SharedSize: 4_261_502,
      Containers: 0,
      ParentId: '',
      Labels: {},
    },
    {
      Id: `sha256:${id('3')}`,
      RepoTags: ['reg.local:5000/team/other:v1'],
      RepoDigests: [],
      Created: secondsAgo(5 * DAY),
      Size: 999,
      SharedSize: -1,
      Containers: -1,
      ParentId: '',
      Labels: {},
    },
  ],
  Containers: [
    {
      Id: id('a'),
      Names: ['/web', '/other/alias'],
      Image: 'nginx',
      ImageID: `sha256:${id('1')}`,
      Command: "nginx -g 'daemon off;' and more",
      Created: secondsAgo(3 * DAY),
      Ports: [],
      SizeRw: 2048,
      SizeRootFs: 187_656_369,
      Labels: {},
      State: 'running',
      Status: 'Up 3 days',
      Mounts: [{ Type: 'volume', Name: 'data', Source: '', Destination: '/d', Driver: 'local', Mode: 'z', RW: true }],
    },
    {
      Id: id('b'),
      Names: ['/idle'],
      Image: 'nginx:1.27',
      ImageID: `sha256:${id('1')}`,
      Command: 'sh',
      Created: secondsAgo(90 * DAY),
      Ports: [],
      SizeRw: 5_000_000,
      SizeRootFs: 192_654_321,
      Labels: {},
      State: 'exited',
      Status: 'Exited (0) 2 months ago',
      Mounts: [],
    },
    {
      Id: id('c'),
      Names: ['/held'],
      Image: 'nginx:1.27',
      ImageID: `sha256:${id('1')}`,
      Command: 'sh',
      Created: secondsAgo(90 * DAY),
      Ports: [],
      Labels: {},
      State: 'paused',
      Status: 'Up 2 months (Paused)',
      Mounts: [],
    },
  ],
  Volumes: [
    {
      Name: 'data',
      Driver: 'local',
      Mountpoint: '/v/data',
      Labels: null,
      Scope: 'local',
      Options: null,
      UsageData: { Size: 12_345, RefCount: 1 },
    },
    {
      Name: id('d'),
      Driver: 'local',
      Mountpoint: '/v/d',
      Labels: null,
      Scope: 'local',
      Options: null,
      UsageData: { Size: 1_000_000, RefCount: 0 },
    },
    {
      Name: 'remote',
      Driver: 'other',
      Mountpoint: '/v/r',
      Labels: null,
      Scope: 'local',
      Options: null,
      UsageData: { Size: -1, RefCount: -1 },
    },
  ],
  BuildCache: [
    {
      ID: id('e'),
      Type: 'regular',
      Description: 'RUN make',
      InUse: false,
      Shared: true,
      Size: 5_123_456,
      CreatedAt: timeAgo(3 * DAY),
      LastUsedAt: timeAgo(2 * DAY),
      UsageCount: 3,
    },
    {
      ID: id('f'),
      Parents: [id('e')],
      Type: 'source.local',
      Description: 'local source for context',
      InUse: true,
      Shared: false,
      Size: 777,
      CreatedAt: timeAgo(3 * DAY),
      LastUsedAt: null,
      UsageCount: 1,
    },
    {
      ID: 'short',
      Type: 'exec.cachemount',
      Description: 'a cache <mount>',
      InUse: false,
      Shared: false,
      Size: 4096,
      CreatedAt: timeAgo(90 * DAY),
      LastUsedAt: timeAgo(60 * DAY),
      UsageCount: 0,
    },
  ],
};
const EMPTY = { LayersSize: 0, Images: [], Containers: [], Volumes: [], BuildCache: [] };

const PRUNED = {
  '/containers/prune': { ContainersDeleted: [id('a'), id('b')], SpaceReclaimed: 212 },
  '/networks/prune': { NetworksDeleted: ['net1', 'net2'] },
  '/volumes/prune': { VolumesDeleted: ['vol1'], SpaceReclaimed: 1_000_000 },
  '/images/prune': {
    ImagesDeleted: [{ Untagged: 'a:1' }, { Deleted: `sha256:${id('1')}` }],
    SpaceReclaimed: 2_000_000,
  },
  '/build/prune': { CachesDeleted: ['c1', 'c2'], SpaceReclaimed: 333 },
};
const NOTHING = {
  '/containers/prune': { ContainersDeleted: null, SpaceReclaimed: 0 },
  '/networks/prune': { NetworksDeleted: null },
  '/volumes/prune': { VolumesDeleted: [], SpaceReclaimed: 0 },
  '/images/prune': { ImagesDeleted: null, SpaceReclaimed: 0 },
  '/build/prune': { CachesDeleted: null, SpaceReclaimed: 0 },
};

/** Names of answers to command lines. */
const SETS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  full: { '/system/df': DF, ...PRUNED },
  empty: { '/system/df': EMPTY, ...NOTHING },
};

const CASES: readonly (readonly string[])[] = [
  ['system', 'df'],
  ['system', 'df', '--format', 'table'],
  ['system', 'df', '--format', 'json'],
  ['system', 'df', '--format', 'raw'],
  ['system', 'df', '--format', '{{json .}}'],
  ['system', 'df', '--format', 'table {{.Type}}\t{{.Size}}'],
  ['system', 'df', '--format', '{{.Type}}: {{.TotalCount}} {{.Active}} {{.Size}} {{.Reclaimable}}'],
  ['system', 'df', '--format', '{{.Nope}}'],
  ['system', 'df', '--format', '{{'],
  ['system', 'df', '-v'],
  ['system', 'df', '-v', '--format', 'table'],
  ['system', 'df', '-v', '--format', 'json'],
  ['system', 'df', '-v', '--format', '{{json .}}'],
  ['system', 'df', '-v', '--format', 'raw'],
  ['system', 'df', '-v', '--format', '{{json .Volumes}}'],
  ['system', 'df', '-v', '--format', '{{range .Images}}{{.Repository}} {{.UniqueSize}} {{.ID}}\n{{end}}'],
  ['system', 'df', '-v', '--format', '{{range .BuildCache}}{{.ID}} {{.Parent}} {{.CreatedSince}} {{.InUse}};{{end}}'],
  ['system', 'df', '-v', '--format', '{{range .Containers}}{{.Names}} {{.Size}} {{.LocalVolumes}};{{end}}'],
  ['system', 'df', '-v', '--format', '{{len .Images}}'],
  ['system', 'df', '-v', '--format', '{{.Nope}}'],
  ['system', 'prune', '-f'],
  ['system', 'prune', '-f', '-a', '--volumes'],
  ['system', 'prune', '-f', '--filter', 'until=24h', '--filter', 'label=x', '--filter', 'label!=y=z'],
  ['system', 'prune', '-f', '--volumes', '--filter', 'until=24h'],
  ['system', 'prune'],
  ['system', 'prune', '-a', '--volumes', '--filter', 'label=x', '--filter', 'label=a10', '--filter', 'label=a9'],
  ['image', 'prune', '-f', '--filter', 'label!=x'],
  ['image', 'prune', '-a'],
];

const scratch = mkdtempSync(join(tmpdir(), 'record-'));
const socket = join(scratch, 's');
let answers: Readonly<Record<string, unknown>> = {};
let asked: string[] = [];
const server = Bun.serve({
  unix: socket,
  fetch(request) {
    const url = new URL(request.url);
    const path = url.pathname.replace(/^\/v1\.\d+/, '');
    const answer = answers[path];
    if (answer === undefined) return new Response('OK', { headers: { 'Api-Version': '1.51', Ostype: 'linux' } });
    const query = Object.fromEntries([...url.searchParams].toSorted(([a], [b]) => (a < b ? -1 : 1)));
    asked.push(`${request.method} ${path} ${JSON.stringify(query)}`);
    return Response.json(answer);
  },
});
const cases: unknown[] = [];
for (const set of Object.keys(SETS)) {
  answers = SETS[set] ?? {};
  for (const argv of CASES) {
    asked = [];
    const child = Bun.spawn(['/usr/local/bin/docker', ...argv], {
      env: { HOME: '/home/user', DOCKER_HOST: `unix://${socket}`, TZ: 'UTC' },
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
    });
    const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
    cases.push({ set, argv, asked, stdout, stderr, status: await child.exited });
  }
}
const golden = { now: NOW, sets: SETS, cases };
writeFileSync(
  join(import.meta.dirname, '../src/cli/format/usage.golden.json'),
  `${JSON.stringify(golden, undefined, 1)}\n`,
);
await server.stop(true);
rmSync(scratch, { recursive: true });
