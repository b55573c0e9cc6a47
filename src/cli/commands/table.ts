import type { Command } from '../command.ts';

/** Where a command is found, and what the help of its group says of it. */
export interface Row {
  readonly noun?: string;
  readonly verb: string;
  /** Other verbs within the noun. */
  readonly aliases?: readonly string[];
  /** The same command without the noun: `docker ps`. */
  readonly top?: string;
  /** All its names, where another noun has it too. */
  readonly names?: readonly string[];
  readonly description: string;
  readonly load: () => Promise<Command>;
}

export const NOUNS: Readonly<Record<string, string>> = {
  builder: 'Manage builds',
  container: 'Manage containers',
  context: 'Manage contexts',
  image: 'Manage images',
  manifest: 'Manage Docker image manifests and manifest lists',
  network: 'Manage networks',
  secret: 'Manage secrets of this engine',
  system: 'Manage Docker',
  volume: 'Manage volumes',
};

const BUILD_NAMES = ['docker image build', 'docker build', 'docker builder build'];

/** Every command of `docker`. Nothing is loaded before it is asked for: the start of `docker ps` is measured. */
export const TABLE: readonly Row[] = [
  {
    noun: 'builder',
    verb: 'build',
    names: BUILD_NAMES,
    description: 'Build an image from a Dockerfile',
    load: async () => (await import('./image/build.ts')).build,
  },
  {
    noun: 'builder',
    verb: 'du',
    description: 'Disk usage',
    load: async () => (await import('./builder/du.ts')).du,
  },
  {
    noun: 'builder',
    verb: 'prune',
    description: 'Remove build cache',
    load: async () => (await import('./builder/prune.ts')).prune,
  },
  {
    noun: 'container',
    verb: 'ls',
    aliases: ['list', 'ps'],
    top: 'ps',
    description: 'List containers',
    load: async () => (await import('./container/ls.ts')).ls,
  },
  {
    noun: 'container',
    verb: 'run',
    top: 'run',
    description: 'Create and run a new container from an image',
    load: async () => (await import('./container/run.ts')).run,
  },
  {
    noun: 'container',
    verb: 'exec',
    top: 'exec',
    description: 'Execute a command in a running container',
    load: async () => (await import('./container/exec.ts')).exec,
  },
  {
    noun: 'container',
    verb: 'attach',
    top: 'attach',
    description: 'Attach local standard input, output, and error streams to a running container',
    load: async () => (await import('./container/attach.ts')).attach,
  },
  {
    noun: 'container',
    verb: 'create',
    top: 'create',
    description: 'Create a new container',
    load: async () => (await import('./container/create.ts')).create,
  },
  {
    noun: 'container',
    verb: 'commit',
    top: 'commit',
    description: "Create a new image from a container's changes",
    load: async () => (await import('./container/commit.ts')).commit,
  },
  {
    noun: 'container',
    verb: 'cp',
    top: 'cp',
    description: 'Copy files/folders between a container and the local filesystem',
    load: async () => (await import('./container/cp.ts')).cp,
  },
  {
    noun: 'container',
    verb: 'diff',
    top: 'diff',
    description: "Inspect changes to files or directories on a container's filesystem",
    load: async () => (await import('./container/diff.ts')).diff,
  },
  {
    noun: 'container',
    verb: 'export',
    top: 'export',
    description: "Export a container's filesystem as a tar archive",
    load: async () => (await import('./container/export.ts')).exportContainer,
  },
  {
    noun: 'container',
    verb: 'inspect',
    description: 'Display detailed information on one or more containers',
    load: async () => (await import('./container/inspect.ts')).inspect,
  },
  {
    noun: 'container',
    verb: 'kill',
    top: 'kill',
    description: 'Kill one or more running containers',
    load: async () => (await import('./container/kill.ts')).kill,
  },
  {
    noun: 'container',
    verb: 'logs',
    top: 'logs',
    description: 'Fetch the logs of a container',
    load: async () => (await import('./container/logs.ts')).logs,
  },
  {
    noun: 'container',
    verb: 'pause',
    top: 'pause',
    description: 'Pause all processes within one or more containers',
    load: async () => (await import('./container/pause.ts')).pause,
  },
  {
    noun: 'container',
    verb: 'port',
    top: 'port',
    description: 'List port mappings or a specific mapping for the container',
    load: async () => (await import('./container/port.ts')).port,
  },
  {
    noun: 'container',
    verb: 'prune',
    description: 'Remove all stopped containers',
    load: async () => (await import('./container/prune.ts')).prune,
  },
  {
    noun: 'container',
    verb: 'rename',
    top: 'rename',
    description: 'Rename a container',
    load: async () => (await import('./container/rename.ts')).rename,
  },
  {
    noun: 'container',
    verb: 'restart',
    top: 'restart',
    description: 'Restart one or more containers',
    load: async () => (await import('./container/restart.ts')).restart,
  },
  {
    noun: 'container',
    verb: 'rm',
    aliases: ['remove'],
    top: 'rm',
    description: 'Remove one or more containers',
    load: async () => (await import('./container/rm.ts')).rm,
  },
  {
    noun: 'container',
    verb: 'start',
    top: 'start',
    description: 'Start one or more stopped containers',
    load: async () => (await import('./container/start.ts')).start,
  },
  {
    noun: 'container',
    verb: 'stats',
    top: 'stats',
    description: 'Display a live stream of container(s) resource usage statistics',
    load: async () => (await import('./container/stats.ts')).stats,
  },
  {
    noun: 'container',
    verb: 'stop',
    top: 'stop',
    description: 'Stop one or more running containers',
    load: async () => (await import('./container/stop.ts')).stop,
  },
  {
    noun: 'container',
    verb: 'top',
    top: 'top',
    description: 'Display the running processes of a container',
    load: async () => (await import('./container/top.ts')).top,
  },
  {
    noun: 'container',
    verb: 'unpause',
    top: 'unpause',
    description: 'Unpause all processes within one or more containers',
    load: async () => (await import('./container/unpause.ts')).unpause,
  },
  {
    noun: 'container',
    verb: 'update',
    top: 'update',
    description: 'Update configuration of one or more containers',
    load: async () => (await import('./container/update.ts')).update,
  },
  {
    noun: 'container',
    verb: 'wait',
    top: 'wait',
    description: 'Block until one or more containers stop, then print their exit codes',
    load: async () => (await import('./container/wait.ts')).wait,
  },
  {
    noun: 'image',
    verb: 'build',
    top: 'build',
    names: BUILD_NAMES,
    description: 'Build an image from a Dockerfile',
    load: async () => (await import('./image/build.ts')).build,
  },
  {
    noun: 'image',
    verb: 'ls',
    aliases: ['list'],
    top: 'images',
    description: 'List images',
    load: async () => (await import('./image/ls.ts')).ls,
  },
  {
    noun: 'image',
    verb: 'history',
    top: 'history',
    description: 'Show the history of an image',
    load: async () => (await import('./image/history.ts')).history,
  },
  {
    noun: 'image',
    verb: 'import',
    top: 'import',
    description: 'Import the contents from a tarball to create a filesystem image',
    load: async () => (await import('./image/import.ts')).importImage,
  },
  {
    noun: 'image',
    verb: 'inspect',
    description: 'Display detailed information on one or more images',
    load: async () => (await import('./image/inspect.ts')).inspect,
  },
  {
    noun: 'image',
    verb: 'load',
    top: 'load',
    description: 'Load an image from a tar archive or STDIN',
    load: async () => (await import('./image/load.ts')).load,
  },
  {
    noun: 'image',
    verb: 'prune',
    description: 'Remove unused images',
    load: async () => (await import('./image/prune.ts')).prune,
  },
  {
    noun: 'image',
    verb: 'pull',
    top: 'pull',
    description: 'Download an image from a registry',
    load: async () => (await import('./image/pull.ts')).pull,
  },
  {
    noun: 'image',
    verb: 'push',
    top: 'push',
    description: 'Upload an image to a registry',
    load: async () => (await import('./image/push.ts')).push,
  },
  {
    noun: 'image',
    verb: 'rm',
    aliases: ['remove'],
    top: 'rmi',
    description: 'Remove one or more images',
    load: async () => (await import('./image/rm.ts')).rm,
  },
  {
    noun: 'image',
    verb: 'save',
    top: 'save',
    description: 'Save one or more images to a tar archive (streamed to STDOUT by default)',
    load: async () => (await import('./image/save.ts')).save,
  },
  {
    noun: 'image',
    verb: 'tag',
    top: 'tag',
    description: 'Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE',
    load: async () => (await import('./image/tag.ts')).tag,
  },
  {
    noun: 'manifest',
    verb: 'annotate',
    description: 'Add additional information to a local image manifest',
    load: async () => (await import('./manifest/annotate.ts')).annotate,
  },
  {
    noun: 'manifest',
    verb: 'create',
    description: 'Create a local manifest list for annotating and pushing to a registry',
    load: async () => (await import('./manifest/create.ts')).create,
  },
  {
    noun: 'manifest',
    verb: 'inspect',
    description: 'Display an image manifest, or manifest list',
    load: async () => (await import('./manifest/inspect.ts')).inspect,
  },
  {
    noun: 'manifest',
    verb: 'push',
    description: 'Push a manifest list to a repository',
    load: async () => (await import('./manifest/push.ts')).push,
  },
  {
    noun: 'manifest',
    verb: 'rm',
    description: 'Delete one or more manifest lists from local storage',
    load: async () => (await import('./manifest/rm.ts')).rm,
  },
  {
    noun: 'system',
    verb: 'df',
    description: 'Show docker disk usage',
    load: async () => (await import('./system/df.ts')).df,
  },
  {
    noun: 'system',
    verb: 'events',
    top: 'events',
    description: 'Get real time events from the server',
    load: async () => (await import('./system/events.ts')).events,
  },
  {
    noun: 'system',
    verb: 'info',
    top: 'info',
    description: 'Display system-wide information',
    load: async () => (await import('./system/info.ts')).info,
  },
  {
    noun: 'system',
    verb: 'prune',
    description: 'Remove unused data',
    load: async () => (await import('./system/prune.ts')).prune,
  },
  {
    verb: 'inspect',
    description: 'Return low-level information on Docker objects',
    load: async () => (await import('./system/inspect.ts')).inspect,
  },
  {
    verb: 'login',
    description: 'Authenticate to a registry',
    load: async () => (await import('./registry/login.ts')).login,
  },
  {
    verb: 'logout',
    description: 'Log out from a registry',
    load: async () => (await import('./registry/logout.ts')).logout,
  },
  {
    verb: 'search',
    description: 'Search Docker Hub for images',
    load: async () => (await import('./registry/search.ts')).search,
  },
  {
    verb: 'version',
    description: 'Show the Docker version information',
    load: async () => (await import('./system/version.ts')).version,
  },
  {
    noun: 'network',
    verb: 'connect',
    description: 'Connect a container to a network',
    load: async () => (await import('./network/connect.ts')).connect,
  },
  {
    noun: 'network',
    verb: 'create',
    description: 'Create a network',
    load: async () => (await import('./network/create.ts')).create,
  },
  {
    noun: 'network',
    verb: 'disconnect',
    description: 'Disconnect a container from a network',
    load: async () => (await import('./network/disconnect.ts')).disconnect,
  },
  {
    noun: 'network',
    verb: 'inspect',
    description: 'Display detailed information on one or more networks',
    load: async () => (await import('./network/inspect.ts')).inspect,
  },
  {
    noun: 'network',
    verb: 'ls',
    aliases: ['list'],
    description: 'List networks',
    load: async () => (await import('./network/ls.ts')).ls,
  },
  {
    noun: 'network',
    verb: 'prune',
    description: 'Remove all unused networks',
    load: async () => (await import('./network/prune.ts')).prune,
  },
  {
    noun: 'network',
    verb: 'rm',
    aliases: ['remove'],
    description: 'Remove one or more networks',
    load: async () => (await import('./network/rm.ts')).rm,
  },
  {
    noun: 'volume',
    verb: 'create',
    description: 'Create a volume',
    load: async () => (await import('./volume/create.ts')).create,
  },
  {
    noun: 'volume',
    verb: 'inspect',
    description: 'Display detailed information on one or more volumes',
    load: async () => (await import('./volume/inspect.ts')).inspect,
  },
  {
    noun: 'volume',
    verb: 'ls',
    aliases: ['list'],
    description: 'List volumes',
    load: async () => (await import('./volume/ls.ts')).ls,
  },
  {
    noun: 'volume',
    verb: 'prune',
    description: 'Remove unused local volumes',
    load: async () => (await import('./volume/prune.ts')).prune,
  },
  {
    noun: 'volume',
    verb: 'rm',
    aliases: ['remove'],
    description: 'Remove one or more volumes',
    load: async () => (await import('./volume/rm.ts')).rm,
  },
  {
    noun: 'volume',
    verb: 'cp',
    description: 'Copy a volume to a new one',
    load: async () => (await import('./volume/cp.ts')).cp,
  },
  {
    noun: 'volume',
    verb: 'snapshot',
    description: 'Keep what a volume holds now as a new volume',
    load: async () => (await import('./volume/snapshot.ts')).snapshot,
  },
  {
    noun: 'volume',
    verb: 'rename',
    description: 'Rename a volume',
    load: async () => (await import('./volume/rename.ts')).rename,
  },
  {
    noun: 'volume',
    verb: 'export',
    description: "Export a volume's content as a tar archive",
    load: async () => (await import('./volume/export.ts')).exportVolume,
  },
  {
    noun: 'volume',
    verb: 'import',
    description: 'Make a volume of a tar archive',
    load: async () => (await import('./volume/import.ts')).importVolume,
  },
  {
    noun: 'volume',
    verb: 'update',
    description: 'Update a volume (cluster volumes only)',
    load: async () => (await import('./volume/update.ts')).update,
  },
  {
    noun: 'secret',
    verb: 'create',
    description: 'Create a secret from a file or STDIN as content',
    load: async () => (await import('./secret/create.ts')).create,
  },
  {
    noun: 'secret',
    verb: 'inspect',
    description: 'Display detailed information on one or more secrets',
    load: async () => (await import('./secret/inspect.ts')).inspect,
  },
  {
    noun: 'secret',
    verb: 'ls',
    aliases: ['list'],
    description: 'List secrets',
    load: async () => (await import('./secret/ls.ts')).ls,
  },
  {
    noun: 'secret',
    verb: 'rm',
    aliases: ['remove'],
    description: 'Remove one or more secrets',
    load: async () => (await import('./secret/rm.ts')).rm,
  },
  {
    noun: 'context',
    verb: 'create',
    description: 'Create a context',
    load: async () => (await import('./context/create.ts')).create,
  },
  {
    noun: 'context',
    verb: 'export',
    description: 'Export a context to a tar archive FILE or a tar stream on STDOUT.',
    load: async () => (await import('./context/export.ts')).exportContext,
  },
  {
    noun: 'context',
    verb: 'import',
    description: 'Import a context from a tar or zip file',
    load: async () => (await import('./context/import.ts')).importContext,
  },
  {
    noun: 'context',
    verb: 'inspect',
    description: 'Display detailed information on one or more contexts',
    load: async () => (await import('./context/inspect.ts')).inspect,
  },
  {
    noun: 'context',
    verb: 'ls',
    aliases: ['list'],
    description: 'List contexts',
    load: async () => (await import('./context/ls.ts')).ls,
  },
  {
    noun: 'context',
    verb: 'rm',
    aliases: ['remove'],
    description: 'Remove one or more contexts',
    load: async () => (await import('./context/rm.ts')).rm,
  },
  {
    noun: 'context',
    verb: 'show',
    description: 'Print the name of the current context',
    load: async () => (await import('./context/show.ts')).show,
  },
  {
    noun: 'context',
    verb: 'update',
    description: 'Update a context',
    load: async () => (await import('./context/update.ts')).update,
  },
  {
    noun: 'context',
    verb: 'use',
    description: 'Set the current docker context',
    load: async () => (await import('./context/use.ts')).use,
  },
];

/** The row for what the user typed, and the words that were used for it. */
export interface Resolved {
  readonly row?: Row;
  /** A noun alone. */
  readonly noun?: string;
  /** `docker container ls`: how errors and the help name it. */
  readonly path: string;
  readonly rest: readonly string[];
}

/** Finds `args[0]` or `args[0] args[1]`; neither row nor noun when there is no such command. */
export function resolveCommand(args: readonly string[]): Resolved {
  const [first = '', second = ''] = args;
  if (Object.hasOwn(NOUNS, first)) {
    const row = TABLE.find((one) => one.noun === first && (one.verb === second || one.aliases?.includes(second)));
    if (row === undefined) return { noun: first, path: `docker ${first}`, rest: args.slice(1) };
    return { row, noun: first, path: `docker ${first} ${row.verb}`, rest: args.slice(2) };
  }
  const row = TABLE.find((one) => (one.noun === undefined ? one.verb : one.top) === first);
  return row === undefined
    ? { path: `docker ${first}`, rest: args.slice(1) }
    : { row, path: `docker ${first}`, rest: args.slice(1) };
}
