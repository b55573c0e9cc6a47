import type { ContainerConfig, HealthConfig } from '../../api/types/container.ts';
import type { ImageConfig } from '../../api/types/image.ts';
import { PUBLISH_LABEL } from '../network/publish-policy.ts';

/** The request's config with the image's filled in where the request says nothing (Docker's rules: the user wins, sets are united). */
export function mergeConfig(user: ContainerConfig, image: ImageConfig): ContainerConfig {
  return {
    ...user,
    User: user.User || image.User || '',
    WorkingDir: user.WorkingDir || image.WorkingDir || '',
    StopSignal: user.StopSignal || image.StopSignal || '',
    Env: mergeEnv(user.Env ?? [], image.Env ?? []),
    Labels: { ...withoutPublishing(image.Labels ?? {}), ...user.Labels },
    ExposedPorts: { ...image.ExposedPorts, ...user.ExposedPorts },
    Volumes: { ...image.Volumes, ...user.Volumes },
    ...mergeCommand(user, image),
    ...mergeHealth(user.Healthcheck ?? undefined, image.Healthcheck ?? undefined),
  };
}

/** From where a container's ports are reached is the user's to say, and not an image's. */
function withoutPublishing(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => !name.startsWith(PUBLISH_LABEL)));
}

function mergeEnv(user: readonly string[], image: readonly string[]): string[] {
  const nameOf = (entry: string): string => entry.split('=', 1)[0] ?? '';
  const set = new Set(user.map(nameOf));
  return [...user, ...image.filter((entry) => !set.has(nameOf(entry)))];
}

/** The image's command goes with the image's entrypoint: a user's entrypoint drops both. `[""]` clears the entrypoint. */
function mergeCommand(user: ContainerConfig, image: ImageConfig): Pick<ContainerConfig, 'Cmd' | 'Entrypoint'> {
  const own = { entrypoint: user.Entrypoint ?? undefined, command: user.Cmd ?? [] };
  if (own.entrypoint !== undefined && own.entrypoint.length > 0) {
    const cleared = own.entrypoint.length === 1 && own.entrypoint[0] === '';
    return { Entrypoint: cleared ? [] : own.entrypoint, Cmd: own.command };
  }
  return {
    Entrypoint: own.entrypoint ?? image.Entrypoint ?? [],
    Cmd: own.command.length > 0 ? own.command : (image.Cmd ?? []),
  };
}

function mergeHealth(
  user: HealthConfig | undefined,
  image: HealthConfig | undefined,
): Pick<ContainerConfig, 'Healthcheck'> {
  if (!user) return image ? { Healthcheck: image } : {};
  if (!image) return { Healthcheck: user };
  return {
    Healthcheck: {
      Test: user.Test?.length ? user.Test : (image.Test ?? []),
      Interval: user.Interval || image.Interval || 0,
      Timeout: user.Timeout || image.Timeout || 0,
      StartPeriod: user.StartPeriod || image.StartPeriod || 0,
      StartInterval: user.StartInterval || image.StartInterval || 0,
      Retries: user.Retries || image.Retries || 0,
    },
  };
}
