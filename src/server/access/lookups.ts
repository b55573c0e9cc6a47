import type { ContainerService } from '../../engine/container/service.ts';
import type { ExecService } from '../../engine/exec/service.ts';
import type { ImageService } from '../../engine/image/service.ts';
import type { VolumeService } from '../../engine/volume/volume.ts';
import { KnownError } from '../../lib/errors.ts';
import type { AccessLookups, ObjectKind } from './policy.ts';

/** Looks things up where the engine keeps them. */
export function createAccessLookups(engine: {
  readonly containers: Pick<ContainerService, 'inspect'>;
  readonly execs: Pick<ExecService, 'inspect'>;
  readonly images: Pick<ImageService, 'inspect'>;
  readonly networks: { inspect(name: string): { readonly Id?: string; readonly Labels?: Record<string, string> } };
  readonly volumes: Pick<VolumeService, 'inspect'>;
}): AccessLookups {
  const ofContainer = async (name: string) => {
    const { Id = '', Config } = await engine.containers.inspect(name, { size: false });
    return { id: Id, labels: Config?.Labels ?? {} };
  };
  return {
    async find(kind, name) {
      switch (kind) {
        case 'container':
          return await ofContainer(name);
        case 'exec': {
          const { ContainerID } = await engine.execs.inspect(name);
          return await ofContainer(ContainerID);
        }
        case 'image': {
          const { Id = '', Config } = await engine.images.inspect(name, {});
          return { id: Id, labels: Config?.Labels ?? {} };
        }
        case 'network': {
          const { Id = '', Labels } = engine.networks.inspect(name);
          return { id: Id, labels: Labels ?? {} };
        }
        case 'volume': {
          const { Labels } = await engine.volumes.inspect(name);
          return { id: name, labels: Labels ?? {} };
        }
      }
    },
    absent: (kind, name) => new KnownError('not_found', ABSENT[kind](name)),
  };
}

const ABSENT: Readonly<Record<ObjectKind, (name: string) => string>> = {
  container: (name) => `No such container: ${name}`,
  exec: (name) => `No such exec instance: ${name}`,
  image: (name) => `No such image: ${name}`,
  network: (name) => `network ${name} not found`,
  volume: (name) => `get ${name}: no such volume`,
};
