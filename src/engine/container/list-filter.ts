import { type Filters, isMatch } from '../../api/filters.ts';
import type { ContainerRecord } from '../../store/record/container-records.ts';
import { invalid } from './errors.ts';

const STATUSES = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'];

/** What a container is tested by, besides its record. */
export interface FilterSubject {
  readonly record: ContainerRecord;
  /** Names and ids of its networks. */
  readonly networks: readonly string[];
  /** `8080/tcp` of the host's ports. */
  readonly published: readonly string[];
}

/** What the filters mean against the present state: names of containers and images are resolved by the caller. */
export interface FilterContext {
  /** Ids that `ancestor` values stand for. */
  readonly ancestors: ReadonlySet<string>;
}

/**
 * The test of `docker ps --filter`; all keys must hold, one value of each is enough (labels: all). `before` and `since` are not tested
 * here. Errors: invalid_parameter for an impossible value.
 */
export function createFilter(filters: Filters, context: FilterContext): (subject: FilterSubject) => boolean {
  const valuesOf = (key: string): readonly string[] => filters.get(key) ?? [];
  for (const status of valuesOf('status'))
    if (!STATUSES.includes(status)) throw invalid(`invalid filter 'status=${status}'`);
  for (const health of valuesOf('health'))
    if (!['none', 'starting', 'healthy', 'unhealthy'].includes(health))
      throw invalid(`invalid filter 'health=${health}'`);
  const exited = valuesOf('exited').map((value) => {
    if (!/^-?\d+$/.test(value)) throw invalid(`invalid filter 'exited=${value}'`);
    return Number(value);
  });
  const isTask = booleansOf(valuesOf('is-task'));
  const ports = {
    publish: valuesOf('publish').map(toRange('publish')),
    expose: valuesOf('expose').map(toRange('expose')),
  };
  const tests: readonly (readonly [string, (subject: FilterSubject) => boolean])[] = [
    [
      'name',
      ({ record }) => valuesOf('name').some((name) => isMatch(name, record.name) || isMatch(name, `/${record.name}`)),
    ],
    ['id', ({ record }) => valuesOf('id').some((id) => isMatch(id, record.id))],
    ['status', ({ record }) => valuesOf('status').includes(record.state.status)],
    ['health', ({ record }) => valuesOf('health').includes(record.state.health?.status ?? 'none')],
    ['exited', ({ record }) => record.state.status === 'exited' && exited.includes(record.state.exitCode)],
    ['label', ({ record }) => matchesLabels(record.config.Labels ?? {}, valuesOf('label'))],
    [
      'ancestor',
      ({ record }) => context.ancestors.has(record.image.id) || valuesOf('ancestor').includes(record.image.reference),
    ],
    [
      'network',
      ({ networks }) =>
        valuesOf('network').some((value) =>
          networks.some((network) => network === value || (value.length >= 12 && network.startsWith(value))),
        ),
    ],
    [
      'volume',
      ({ record }) =>
        record.mounts.some(
          (mount) =>
            valuesOf('volume').includes(mount.destination) ||
            (mount.kind === 'volume' && valuesOf('volume').includes(mount.name)) ||
            (mount.kind === 'bind' && valuesOf('volume').includes(mount.source)),
        ),
    ],
    ['publish', ({ published }) => ports.publish.some((range) => hasPort(published, range))],
    [
      'expose',
      ({ record }) => ports.expose.some((range) => hasPort(Object.keys(record.config.ExposedPorts ?? {}), range)),
    ],
    ['is-task', () => isTask.includes(false)],
    ['isolation', ({ record }) => valuesOf('isolation').includes(record.hostConfig.Isolation || 'default')],
  ];
  const active = tests.filter(([key]) => filters.has(key) && valuesOf(key).length > 0);
  return (subject) => active.every(([, test]) => test(subject));
}

/** Every wanted `key` or `key=value` is there. */
export function matchesLabels(labels: Readonly<Record<string, string>>, wanted: readonly string[]): boolean {
  return wanted.every((label) => {
    const at = label.indexOf('=');
    return at === -1 ? label in labels : labels[label.slice(0, at)] === label.slice(at + 1);
  });
}

interface PortRange {
  readonly first: number;
  readonly last: number;
  readonly protocol: string;
}

/** `80`, `80/udp`, `8000-8010/tcp`. Errors: invalid_parameter. */
function toRange(key: string): (value: string) => PortRange {
  return (value) => {
    const [, first = '', last = first, protocol = 'tcp'] = /^(\d+)(?:-(\d+))?(?:\/(tcp|udp|sctp))?$/.exec(value) ?? [];
    if (first === '' || Number(first) > Number(last)) throw invalid(`invalid filter '${key}=${value}'`);
    return { first: Number(first), last: Number(last), protocol };
  };
}

function hasPort(ports: readonly string[], { first, last, protocol }: PortRange): boolean {
  return ports.some((port) => {
    const [number, kind = 'tcp'] = port.split('/');
    return kind === protocol && Number(number) >= first && Number(number) <= last;
  });
}

/** Errors: invalid_parameter for what is neither true nor false. */
function booleansOf(values: readonly string[]): readonly boolean[] {
  if (values.some((value) => !['true', '1', 'false', '0'].includes(value)))
    throw invalid(`invalid filter 'is-task=[${values.join(' ')}]'`);
  return values.map((value) => ['true', '1'].includes(value));
}
