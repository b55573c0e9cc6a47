import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { findDockerCli, runCommand } from '../../helpers/docker-cli.ts';
import { type ImageContent, type LayerMemory, readImage } from './image-content.ts';

/** A client that speaks to a daemon. */
export interface Builder {
  build(folder: string, tag: string, flags: readonly string[]): Promise<string>;
}

const OURS = resolve(import.meta.dirname, '../../../bin/docker');
/** The client of Debian's docker.io: it has a client of BuildKit in it. */
const DEBIAN_CLI = '/usr/bin/docker';

export interface Place {
  readonly host: string;
  readonly config: string;
  readonly env: Readonly<Record<string, string>>;
}

/** The unmodified client of today by the classic request. */
export const classicCli = (place: Place): Builder => builder(findDockerCli().path, { DOCKER_BUILDKIT: '0' }, place);
/** Debian's client, by the BuildKit in Debian's dockerd. */
export const buildkitCli = (place: Place): Builder => builder(DEBIAN_CLI, { DOCKER_BUILDKIT: '1' }, place);
/** Ours, by its session. */
export const ourCli = (place: Place): Builder => builder(OURS, { DOCKER_BUILDKIT: '1' }, place);

function builder(path: string, more: Readonly<Record<string, string>>, place: Place): Builder {
  const env = { DOCKER_HOST: place.host, DOCKER_CONFIG: place.config, ...place.env, ...more };
  return {
    async build(folder, tag, flags) {
      const idFile = `${folder}.${crypto.randomUUID()}`;
      const argv = [path, 'build', '-t', tag, '--iidfile', idFile, ...flags, folder];
      const { exitCode, stdout, stderr } = await runCommand(argv, { env, timeoutMs: 110_000 });
      if (exitCode !== 0 || !existsSync(idFile)) throw new Error(`${argv.join(' ')}: ${exitCode}\n${stdout}${stderr}`);
      const id = readFileSync(idFile, 'utf8').trim();
      rmSync(idFile);
      return id;
    },
  };
}

/** Reads an image by `docker save`; layers that were read before are remembered. */
export async function savedImage(place: Place, image: string, memory: LayerMemory): Promise<ImageContent> {
  const file = join(place.config, `${crypto.randomUUID()}.tar`);
  await docker(place, ['save', '-o', file, image]);
  const archive = readFileSync(file);
  rmSync(file);
  return await readImage(archive, memory);
}

/** Runs the unmodified client. Errors: exit code not 0. */
export async function docker(place: Place, args: readonly string[]): Promise<string> {
  const env = { DOCKER_HOST: place.host, DOCKER_CONFIG: place.config };
  const { exitCode, stdout, stderr } = await runCommand([findDockerCli().path, ...args], { env });
  if (exitCode !== 0) throw new Error(`docker ${args.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}
