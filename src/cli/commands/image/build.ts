import type { PlanOptions } from '../../../build/plan/make-plan.ts';
import { KnownError } from '../../../lib/errors.ts';
import type { Flags } from '../../../lib/flags/flag.ts';
import { parsePlatform } from '../../../oci/platform.ts';
import { buildArgsOf, givenArgs } from '../../build/build-args.ts';
import { CALL_FLAGS, parseBuildCall } from '../../build/call-flag.ts';
import { platformsOf } from '../../build/platforms.ts';
import { readAll } from '../../build/read-all.ts';
import { SESSION_FLAGS, sessionOnly } from '../../build/session-flags.ts';
import type { Command } from '../../command.ts';
import { checkLabel, toMap } from '../../parse/env.ts';

/** `docker build`: by a session of our own where the daemon has it, else by the classic builder's protocol. */
export const build: Command = {
  usage: 'docker build [OPTIONS] PATH | URL | -',
  description: 'Build an image from a Dockerfile',
  flags: [
    { name: 'add-host', kind: 'list', description: 'Add a custom host-to-IP mapping ("host:ip")' },
    { name: 'build-arg', kind: 'list', description: 'Set build-time variables' },
    {
      name: 'cache-from',
      kind: 'list',
      placeholder: 'strings',
      description: 'Images to consider as cache sources',
    },
    {
      name: 'cgroup-parent',
      kind: 'string',
      description: 'Set the parent cgroup for the "RUN" instructions during build',
    },
    { name: 'compress', kind: 'bool', description: 'Compress the build context using gzip' },
    { name: 'cpu-period', kind: 'int', description: 'Limit the CPU CFS (Completely Fair Scheduler) period' },
    { name: 'cpu-quota', kind: 'int', description: 'Limit the CPU CFS (Completely Fair Scheduler) quota' },
    { name: 'cpu-shares', short: 'c', kind: 'int', description: 'CPU shares (relative weight)' },
    { name: 'cpuset-cpus', kind: 'string', description: 'CPUs in which to allow execution (0-3, 0,1)' },
    { name: 'cpuset-mems', kind: 'string', description: 'MEMs in which to allow execution (0-3, 0,1)' },
    { name: 'disable-content-trust', kind: 'bool', default: true, description: 'Skip image verification' },
    { name: 'file', short: 'f', kind: 'string', description: 'Name of the Dockerfile (Default is "PATH/Dockerfile")' },
    { name: 'force-rm', kind: 'bool', description: 'Always remove intermediate containers' },
    { name: 'iidfile', kind: 'string', description: 'Write the image ID to the file' },
    { name: 'isolation', kind: 'string', description: 'Container isolation technology' },
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
    {
      name: 'platform',
      kind: 'list',
      placeholder: 'string',
      description: 'Set platform if server is multi-platform capable',
    },
    { name: 'pull', kind: 'bool', description: 'Always attempt to pull a newer version of the image' },
    { name: 'quiet', short: 'q', kind: 'bool', description: 'Suppress the build output and print image ID on success' },
    { name: 'rm', kind: 'bool', default: true, description: 'Remove intermediate containers after a successful build' },
    { name: 'security-opt', kind: 'list', placeholder: 'strings', description: 'Security options' },
    { name: 'shm-size', kind: 'string', placeholder: 'bytes', description: 'Size of "/dev/shm"' },
    { name: 'squash', kind: 'bool', description: 'Squash newly built layers into a single new layer' },
    { name: 'tag', short: 't', kind: 'list', description: 'Name and optionally a tag in the "name:tag" format' },
    { name: 'target', kind: 'string', description: 'Set the target build stage to build.' },
    { name: 'ulimit', kind: 'list', placeholder: 'ulimit', description: 'Ulimit options' },
    ...CALL_FLAGS,
    ...SESSION_FLAGS,
  ],
  args: { min: 1, max: 1 },
  async run(outside, { flags, args }) {
    const place = args[0] ?? '';
    for (const label of flags.list('label')) checkLabel(label);
    refuseOtherMachinery(flags);
    const call = parseBuildCall(flags);
    if (call !== undefined) {
      const { runCall } = await import('../../build/run-call.ts');
      const { localDockerfile } = await import('../../build/local-dockerfile.ts');
      const read = async (): Promise<Buffer> => await readAll(process.stdin);
      const dockerfile = await localDockerfile(place, flags.text('file'), read);
      return await runCall(outside, call, dockerfile, planOptions(flags));
    }
    if (process.env['DOCKER_BUILDKIT'] !== '0') {
      const { sessionBuild } = await import('../../build/session-build.ts');
      const status = await sessionBuild(outside, flags, place);
      if (status !== undefined) return status;
    }
    const unsupported = sessionOnly(flags);
    if (unsupported !== undefined)
      throw new KnownError('not_implemented', `--${unsupported} is not supported by the builder of this daemon`);
    const { classicBuild } = await import('../../build/classic-build.ts');
    return await classicBuild(outside, flags, place);
  },
};

/** Errors: invalid_parameter, not_implemented: what no daemon that builds here could do. */
function refuseOtherMachinery(flags: Flags): void {
  if (!flags.bool('disable-content-trust')) throw new KnownError('not_implemented', 'content trust is not supported');
  if (flags.bool('squash'))
    throw new KnownError(
      'not_implemented',
      '"--squash" is only supported on a Docker daemon with experimental features enabled',
    );
  const isolation = flags.text('isolation');
  if (isolation !== '' && isolation.toLowerCase() !== 'default')
    throw new KnownError('invalid_parameter', `unsupported isolation: ${JSON.stringify(isolation)}`);
}

/** What a Dockerfile is compiled with; the build's platform is this machine's. */
function planOptions(flags: Flags): PlanOptions {
  const host = { os: 'linux', architecture: ARCHITECTURES[process.arch] ?? process.arch };
  const [platform = ''] = platformsOf(flags);
  return {
    target: flags.text('target'),
    buildArgs: givenArgs(buildArgsOf(flags.list('build-arg'), process.env)),
    labels: toMap(flags.list('label')),
    platforms: { build: host, target: platform === '' ? host : parsePlatform(platform, host) },
  };
}

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };
