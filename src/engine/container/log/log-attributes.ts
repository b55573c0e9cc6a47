import type { ContainerConfig } from '../../../api/types/container.ts';
import { KnownError } from '../../../lib/errors.ts';
import { formatTemplate } from './text-template.ts';

export type LogOptions = Readonly<Record<string, string>>;

/** The options that choose labels and environment. */
export const ATTRIBUTE_OPTIONS = ['labels', 'labels-regex', 'env', 'env-regex', 'tag'];

/** The container that writes. */
export interface LogSubject {
  readonly id: string;
  readonly name: string;
  readonly imageId: string;
  /** RFC 3339. */
  readonly created: string;
  readonly config: ContainerConfig;
}

/** Labels and environment that the options ask for. Errors: invalid_parameter for a bad expression. */
export function toAttributes(options: LogOptions, { config }: LogSubject): Readonly<Record<string, string>> {
  return {
    ...pick(config.Labels ?? {}, options['labels'], options['labels-regex']),
    ...pick(environmentOf(config), options['env'], options['env-regex']),
  };
}

function environmentOf(config: ContainerConfig): Readonly<Record<string, string>> {
  return Object.fromEntries(
    (config.Env ?? []).flatMap((entry) => {
      const at = entry.indexOf('=');
      return at === -1 ? [] : [[entry.slice(0, at), entry.slice(at + 1)]];
    }),
  );
}

function pick(
  from: Readonly<Record<string, string>>,
  names: string | undefined,
  regex: string | undefined,
): Readonly<Record<string, string>> {
  const wanted = new Set(names?.split(','));
  const pattern = regex ? compile(regex) : undefined;
  return Object.fromEntries(Object.entries(from).filter(([name]) => wanted.has(name) || pattern?.test(name)));
}

function compile(regex: string): RegExp {
  try {
    return new RegExp(regex);
  } catch (error) {
    throw new KnownError('invalid_parameter', `invalid regular expression in log options: ${regex}`, { cause: error });
  }
}

/** A tag's template with what Docker's logger.Info has. Errors: invalid_parameter. */
export function formatTag(template: string, { id, name, imageId, created, config }: LogSubject): string {
  const [entrypoint = '', ...rest] = commandOf(config);
  return formatTemplate(template, {
    ID: id.slice(0, 12),
    FullID: id,
    Name: name,
    ImageID: imageId.replace(/^sha256:/, '').slice(0, 12),
    ImageFullID: imageId,
    ImageName: config.Image ?? '',
    Command: commandOf(config).join(' '),
    DaemonName: 'docker',
    ContainerID: id,
    ContainerName: `/${name}`,
    ContainerEntrypoint: entrypoint,
    ContainerArgs: rest,
    ContainerImageID: imageId,
    ContainerImageName: config.Image ?? '',
    ContainerCreated: created,
    ContainerEnv: config.Env ?? [],
    ContainerLabels: config.Labels ?? {},
  });
}

/** Entrypoint and arguments. */
export function commandOf(config: ContainerConfig): readonly string[] {
  return [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
}
