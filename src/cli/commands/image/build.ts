import { writeFileSync } from 'node:fs';
import type { PlanOptions } from '../../../build/plan/make-plan.ts';
import { KnownError } from '../../../lib/errors.ts';
import { parsePlatform } from '../../../oci/platform.ts';
import { CALL_FLAGS, parseBuildCall } from '../../build/call-flag.ts';
import { folderContext, isRemote, type SentContext, stdinContext } from '../../build/context.ts';
import type { Command, Flags } from '../../command.ts';
import { ExitError } from '../../exit-error.ts';
import { humanSize } from '../../format/size.ts';
import { checkLabel, toMap } from '../../parse/env.ts';
import { parseExtraHost } from '../../parse/host.ts';
import { parseSize, parseSwap } from '../../parse/size.ts';
import { parseUlimit } from '../../parse/ulimit.ts';
import { readMessages } from '../../progress/message.ts';
import { outputOptions, showProgress } from '../../progress/show.ts';
import { platformQuery } from './platform.ts';

/** `docker build`, by the classic builder's protocol (POST /build with the context as an archive). */
export const build: Command = {
  usage: 'docker build [OPTIONS] PATH | URL | -',
  description: 'Build an image from a Dockerfile',
  flags: [
    { name: 'add-host', kind: 'list', description: 'Add a custom host-to-IP mapping ("host:ip")' },
    { name: 'build-arg', kind: 'list', description: 'Set build-time variables' },
    {
      name: 'cgroup-parent',
      kind: 'string',
      description: 'Set the parent cgroup for the "RUN" instructions during build',
    },
    { name: 'cpu-period', kind: 'int', description: 'Limit the CPU CFS (Completely Fair Scheduler) period' },
    { name: 'cpu-quota', kind: 'int', description: 'Limit the CPU CFS (Completely Fair Scheduler) quota' },
    { name: 'cpu-shares', short: 'c', kind: 'int', description: 'CPU shares (relative weight)' },
    { name: 'cpuset-cpus', kind: 'string', description: 'CPUs in which to allow execution (0-3, 0,1)' },
    { name: 'cpuset-mems', kind: 'string', description: 'MEMs in which to allow execution (0-3, 0,1)' },
    { name: 'file', short: 'f', kind: 'string', description: 'Name of the Dockerfile (Default is "PATH/Dockerfile")' },
    { name: 'force-rm', kind: 'bool', description: 'Always remove intermediate containers' },
    { name: 'iidfile', kind: 'string', description: 'Write the image ID to the file' },
    { name: 'label', kind: 'list', description: 'Set metadata for an image' },
    { name: 'memory', short: 'm', kind: 'string', placeholder: 'bytes', description: 'Memory limit' },
    {
      name: 'memory-swap',
      kind: 'string',
      placeholder: 'bytes',
      description: 'Swap limit equal to memory plus swap: -1 to enable unlimited swap',
    },
    { name: 'network', kind: 'string', description: 'Set the networking mode for the RUN instructions during build' },
    { name: 'no-cache', kind: 'bool', description: 'Do not use cache when building the image' },
    { name: 'platform', kind: 'string', description: 'Set platform if server is multi-platform capable' },
    { name: 'pull', kind: 'bool', description: 'Always attempt to pull a newer version of the image' },
    { name: 'quiet', short: 'q', kind: 'bool', description: 'Suppress the build output and print image ID on success' },
    { name: 'rm', kind: 'bool', default: true, description: 'Remove intermediate containers after a successful build' },
    { name: 'security-opt', kind: 'list', description: 'Security options' },
    { name: 'shm-size', kind: 'string', placeholder: 'bytes', description: 'Size of "/dev/shm"' },
    { name: 'tag', short: 't', kind: 'list', description: 'Name and optionally a tag in the "name:tag" format' },
    { name: 'target', kind: 'string', description: 'Set the target build stage to build.' },
    { name: 'ulimit', kind: 'list', placeholder: 'ulimit', description: 'Ulimit options' },
    ...CALL_FLAGS,
  ],
  args: { min: 1, max: 1 },
  async run(outside, { flags, args }) {
    const { api, out } = outside;
    const call = parseBuildCall(flags);
    if (call !== undefined) {
      const { runCall } = await import('../../build/run-call.ts');
      const { localDockerfile } = await import('../../build/local-dockerfile.ts');
      const dockerfile = await localDockerfile(
        args[0] ?? '',
        flags.text('file'),
        async () => await readAll(process.stdin),
      );
      return await runCall(outside, call, dockerfile, planOptions(flags));
    }
    const context = await readContext(args[0] ?? '', flags.text('file'));
    const quiet = flags.bool('quiet');
    const options = outputOptions();
    let sent = 0;
    async function* counted(): AsyncGenerator<Uint8Array> {
      for await (const chunk of context.archive) {
        sent += chunk.length;
        yield chunk;
      }
      if (!quiet) out(`Sending build context to Docker daemon  ${humanSize(sent)}\n`);
    }
    const response = await api.send('POST', '/build', { query: toQuery(flags, context.dockerfile), upload: counted() });
    let id = '';
    let failure: ExitError | undefined;
    async function* watched(): AsyncGenerator<Uint8Array> {
      for await (const message of readMessages(response.body)) {
        if (message.errorDetail) failure = new ExitError(message.errorDetail.code || 1, message.errorDetail.message);
        const said = quiet ? (message.stream ?? '').trim() : '';
        if (said !== '') id = said;
        if (failure === undefined) yield Buffer.from(`${JSON.stringify(message)}\n`);
      }
    }
    const onAux = (aux: unknown): void => {
      if (typeof aux === 'object' && aux !== null && 'ID' in aux) id = String(aux.ID);
    };
    await showProgress(watched(), out, { ...options, onAux });
    if (failure) throw failure;
    if (flags.text('iidfile') !== '') writeFileSync(flags.text('iidfile'), id);
    return 0;
  },
};

/** What a Dockerfile is compiled with; the build's platform is this machine's. */
function planOptions(flags: Flags): PlanOptions {
  const given = Object.entries(buildArgs(flags.list('build-arg')));
  const host = { os: 'linux', architecture: ARCHITECTURES[process.arch] ?? process.arch };
  const platform = flags.text('platform');
  return {
    target: flags.text('target'),
    buildArgs: Object.fromEntries(given.filter((pair): pair is [string, string] => pair[1] !== null)),
    labels: toMap(flags.list('label')),
    platforms: { build: host, target: platform === '' ? host : parsePlatform(platform, host) },
  };
}

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };

async function readContext(place: string, file: string): Promise<SentContext> {
  if (place === '-' && file === '-')
    throw new KnownError(
      'invalid_parameter',
      'invalid argument: can not use stdin for both build context and dockerfile',
    );
  if (place === '-') return stdinContext(await readAll(process.stdin), file);
  if (isRemote(place))
    throw new KnownError('not_implemented', `building from an address is not supported yet: ${place}`);
  return folderContext(place, file, file === '-' ? await readAll(process.stdin) : undefined);
}

async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function toQuery(flags: Flags, dockerfile: string): Record<string, string | number | readonly string[] | undefined> {
  for (const label of flags.list('label')) checkLabel(label);
  const size = (name: string): number => (flags.text(name) === '' ? 0 : parseSize(flags.text(name)));
  return {
    dockerfile,
    t: flags.list('tag'),
    target: flags.text('target'),
    buildargs: JSON.stringify(buildArgs(flags.list('build-arg'))),
    labels: JSON.stringify(toMap(flags.list('label'))),
    nocache: flags.bool('no-cache') ? 1 : undefined,
    pull: flags.bool('pull') ? 1 : undefined,
    q: flags.bool('quiet') ? 1 : undefined,
    rm: flags.bool('rm') ? 1 : 0,
    forcerm: flags.bool('force-rm') ? 1 : undefined,
    platform:
      flags.text('platform') === '' ? undefined : platformQuery(flags.text('platform')) && flags.text('platform'),
    memory: size('memory'),
    memswap: flags.text('memory-swap') === '' ? 0 : parseSwap(flags.text('memory-swap')),
    shmsize: size('shm-size'),
    cpushares: flags.int('cpu-shares'),
    cpuperiod: flags.int('cpu-period'),
    cpuquota: flags.int('cpu-quota'),
    cpusetcpus: flags.text('cpuset-cpus'),
    cpusetmems: flags.text('cpuset-mems'),
    cgroupparent: flags.text('cgroup-parent'),
    networkmode: flags.text('network'),
    extrahosts: flags.list('add-host').map(parseExtraHost),
    securityopt: flags.list('security-opt'),
    ulimits: JSON.stringify(flags.list('ulimit').map(parseUlimit)),
  };
}

/** `NAME` alone takes the value of the environment; one that is not set there has none. */
function buildArgs(given: readonly string[]): Record<string, string | null> {
  return Object.fromEntries(
    given.map((text) => {
      const at = text.indexOf('=');
      return at === -1 ? [text, process.env[text] ?? null] : [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}
