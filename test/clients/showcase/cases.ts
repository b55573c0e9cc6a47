/** A folder below test/fixtures/showcase, and what builds it. */
export interface Showcase {
  readonly name: string;
  /**
   * Whose result is the expectation: Debian's dockerd by its classic builder, or by the BuildKit that is in it; none: `expected.json` of the
   * folder, which says what a newer BuildKit makes of it.
   */
  readonly by: readonly Reference[];
  /** Further arguments of `docker build`. */
  readonly flags?: readonly string[];
  /** It needs a client that can be asked: only ours builds it. */
  readonly session?: true;
  /** Facts (`what name`, as the test prints them) that are otherwise than the reference has them, and why. */
  readonly differs?: Partial<Record<Reference, Readonly<Record<string, string>>>>;
}

export type Reference = 'classic' | 'buildkit';

/** Facts that may be otherwise in any of them, and why. */
export const EVERYWHERE: Readonly<Record<Reference, Readonly<Record<string, string>>>> = {
  classic: { 'config ArgsEscaped': 'BuildKit sets it with every CMD; the classic builder for Windows only' },
  buildkit: {
    'file /dev': 'its runtime makes them in a base that has none, and they stay in the layer',
    'file /proc': 'as /dev',
    'file /sys': 'as /dev',
  },
};

const ENV_BEFORE_ARG = 'an ARG with the name of an ENV, or without a value, is in BuildKit’s history too';
const ARGS_OF_BASE = 'a stage has the arguments of the stage it stands on, with today’s BuildKit';
const CLEAN_WORKDIR = 'today’s BuildKit makes the path clean';
const CHOWN_OF_ARCHIVES = 'today’s BuildKit gives what it unpacks to the owner of --chown';
const STUBS = 'today’s BuildKit removes what was made only to mount on, folders too (executor/stubs.go)';
const CHMOD_OF_MADE = 'folders that are made on the way have the mode of --chmod';
const CHMOD_BITS = 'it drops setuid, setgid and sticky';

const BOTH: readonly Reference[] = ['classic', 'buildkit'];
/** RUN reaches the loopback server of the downloads. */
const NET = ['--network', 'host'];

export const SHOWCASES: readonly Showcase[] = [
  { name: 'language-from-source', by: ['classic'], flags: NET },
  { name: 'language-from-binaries', by: ['classic'], flags: NET },
  {
    name: 'toolchain-in-stages',
    by: ['classic'],
    differs: { classic: { 'config WorkingDir': 'an image on nothing begins at / with BuildKit' } },
  },
  { name: 'web-server', by: BOTH },
  { name: 'key-value-store', by: ['classic'], flags: NET },
  { name: 'database', by: ['classic'] },
  { name: 'small-packages', by: ['classic'] },
  {
    name: 'onbuild',
    by: ['classic'],
    flags: ['--build-arg', 'MODE=test'],
    differs: { classic: Object.fromEntries([6, 12, 13].map((n) => [`history ${n}`, ENV_BEFORE_ARG])) },
  },
  {
    name: 'commands',
    by: ['classic'],
    differs: {
      classic: { 'config Healthcheck': 'the classic builder keeps the times of the check that NONE replaces' },
    },
  },
  {
    name: 'variables',
    by: BOTH,
    flags: [
      '--build-arg',
      'GIVEN=given',
      '--build-arg',
      'DIR=/given',
      '--build-arg',
      'HTTP_PROXY=http://proxy.invalid',
    ],
    differs: {
      classic: {
        'config WorkingDir': CLEAN_WORKDIR,
        'history 13': CLEAN_WORKDIR,
        'history 6': ENV_BEFORE_ARG,
        'history 20': ARGS_OF_BASE,
        'file /tmp/env': ARGS_OF_BASE,
        'file /tmp/second': ARGS_OF_BASE,
        'file /v2': 'a container of the classic builder makes the volumes of the image',
      },
      buildkit: {
        'config WorkingDir': CLEAN_WORKDIR,
        'history 14': CLEAN_WORKDIR,
        'file /given/2': CLEAN_WORKDIR,
        'history 21': ARGS_OF_BASE,
      },
    },
  },
  { name: 'escape', by: ['classic'] },
  { name: 'archives', by: BOTH },
  { name: 'add-url', by: BOTH },
  { name: 'changes', by: ['classic'] },
  { name: 'destinations', by: ['classic'] },
  { name: 'sources', by: BOTH },
  {
    name: 'owners',
    by: BOTH,
    differs: {
      classic: {
        'file /archive': CHOWN_OF_ARCHIVES,
        'file /archive/in': CHOWN_OF_ARCHIVES,
        'file /home/joe': 'folders of WORKDIR are those of USER with BuildKit',
        'file /home/joe/made': 'as /home/joe',
        'file /user':
          'a name alone is also that of a group with the classic builder; BuildKit takes the group of the account',
      },
      buildkit: { 'file /archive/in': CHOWN_OF_ARCHIVES },
    },
  },
  { name: 'ignore', by: ['classic'] },
  { name: 'labels-and-ports', by: BOTH },
  {
    name: 'volumes',
    by: BOTH,
    differs: {
      classic: {
        'file /data/after': 'the classic builder drops what a RUN writes into a volume',
        'file /data/before': 'as /data/after',
      },
    },
  },
  {
    name: 'target',
    by: ['classic'],
    flags: ['--target', 'test', '--label', 'cli=yes', '--label', 'stage=changed'],
    differs: { classic: { 'history 3': 'BuildKit has no entry for labels of the request', 'history 4': 'as 3' } },
  },
  { name: 'scratch', by: ['classic'] },
  {
    name: 'mounts',
    by: ['buildkit'],
    flags: ['--secret', 'id=token,src=TOKEN', '--secret', 'id=conf,src=TOKEN', '--ssh', 'default'],
    session: true,
    differs: {
      buildkit: {
        'file /deps/cache-mode': 'its umask is on the mode of cache mounts',
        ...Object.fromEntries(
          '/bound /etc/app /home/u /home/u/cache /mnt /mnt/deps /run /run/buildkit /run/secrets /scratch-space /usr/local /usr/local/tools'
            .split(' ')
            .map((path) => [`file ${path}`, STUBS]),
        ),
      },
    },
  },
  {
    name: 'chmod',
    by: ['buildkit'],
    differs: {
      buildkit: {
        ...Object.fromEntries(
          ['/made', '/made/on', '/made/on/the', '/made/on/the/way', '/sticky', '/suid'].map((path) => [
            `file ${path}`,
            CHMOD_OF_MADE,
          ]),
        ),
        ...Object.fromEntries(
          ['/sticky/sub', '/sticky/sub/inner', '/suid/other', '/suid/run.sh'].map((path) => [
            `file ${path}`,
            CHMOD_BITS,
          ]),
        ),
      },
    },
  },
  { name: 'platforms', by: ['buildkit'], flags: ['--target', 'final'] },
  { name: 'heredocs', by: [] },
  { name: 'copy-flags', by: [] },
  { name: 'add-flags', by: [] },
  {
    name: 'named-contexts',
    by: [],
    flags: [
      '--build-context',
      'extra=CONTEXT/extra',
      '--build-context',
      'alpine:3.20=docker-image://busybox',
      '--build-context',
      'replaced=docker-image://debian',
    ],
    session: true,
  },
  {
    name: 'secrets',
    by: [],
    flags: ['--secret', 'id=token,src=TOKEN', '--secret', 'id=conf,env=CONF', '--ssh', 'default'],
    session: true,
  },
];
