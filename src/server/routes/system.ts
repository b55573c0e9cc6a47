import { containerSummaryAs } from '../../api/compat/container.ts';
import { imageSummaryAs } from '../../api/compat/image.ts';
import { isBefore } from '../../api/compat/version.ts';
import { parseFilters } from '../../api/filters.ts';
import type { EventBus } from '../../engine/event/event.ts';
import { matchesEvent } from '../../engine/event/filter.ts';
import { USAGE_TYPES, type UsageType } from '../../engine/system/disk-usage.ts';
import type { SystemService } from '../../engine/system/service.ts';
import { KnownError } from '../../lib/errors.ts';
import { type Call, flag, type Route } from '../route.ts';
import { parseTimeNanos } from '../time.ts';

const EVENT_FILTERS = [
  'config',
  'container',
  'daemon',
  'event',
  'image',
  'label',
  'network',
  'node',
  'plugin',
  'scope',
  'secret',
  'service',
  'type',
  'volume',
];

export function systemRoutes(deps: { readonly system: SystemService; readonly events: EventBus }): readonly Route[] {
  const ping =
    (body: string) =>
    async (call: Call): Promise<void> =>
      call.answerText(200, body, {
        'Builder-Version': '1',
        Swarm: 'inactive',
        'Cache-Control': 'no-cache, no-store, must-revalidate',
        Pragma: 'no-cache',
      });
  return [
    { method: 'GET', path: '/_ping', handle: ping('OK') },
    { method: 'HEAD', path: '/_ping', handle: ping('') },
    { method: 'GET', path: '/version', handle: async (call) => call.answerJson(200, await deps.system.version()) },
    { method: 'GET', path: '/info', handle: async (call) => await info(call, deps.system) },
    { method: 'GET', path: '/system/df', handle: async (call) => await diskUsage(call, deps.system) },
    { method: 'GET', path: '/events', handle: async (call) => await streamEvents(call, deps.events) },
  ];
}

/** Devices are told of since API 1.50. */
async function info(call: Call, system: SystemService): Promise<void> {
  const { DiscoveredDevices, ...all } = await system.info();
  call.answerJson(200, {
    ...all,
    ...(DiscoveredDevices && !isBefore(call.apiVersion, '1.50') && { DiscoveredDevices }),
  });
}

/** `type` may come several times, since API 1.42; without one everything is told. `explain` is ours. */
async function diskUsage(call: Call, system: SystemService): Promise<void> {
  const { query } = call;
  const asked = isBefore(call.apiVersion, '1.42') ? [] : query.getAll('type').map(parseUsageType);
  const usage = await system.diskUsage(new Set(asked.length > 0 ? asked : USAGE_TYPES));
  const explained = flag(query, 'explain') ? { DataRoot: await system.explainDataRoot() } : {};
  call.answerJson(200, {
    ...usage,
    ...(usage.Images && { Images: usage.Images.map((image) => imageSummaryAs(call.apiVersion, image)) }),
    ...(usage.Containers && { Containers: usage.Containers.map((one) => containerSummaryAs(call.apiVersion, one)) }),
    ...explained,
  });
}

function parseUsageType(text: string): UsageType {
  const type = USAGE_TYPES.find((one) => one === text);
  if (type === undefined) throw new KnownError('invalid_parameter', `unknown object type: ${text}`);
  return type;
}

/** Here 0 is a moment like any other. */
function momentOf(query: URLSearchParams, name: string): bigint | undefined {
  return query.get(name) === '0' ? 0n : parseTimeNanos(query.get(name), name);
}

async function streamEvents(call: Call, bus: EventBus): Promise<void> {
  const { query, signal } = call;
  const filters = parseFilters(query.get('filters'), EVENT_FILTERS);
  const [sinceNanos, untilNanos] = [momentOf(query, 'since'), momentOf(query, 'until')];
  if (sinceNanos !== undefined && untilNanos !== undefined && untilNanos < sinceNanos)
    throw new KnownError(
      'invalid_parameter',
      `\`since\` time (${query.get('since')}) cannot be after \`until\` time (${query.get('until')})`,
    );
  const events = bus.subscribe({ sinceNanos, untilNanos, signal });
  const answer = call.answerStream(200, 'application/json');
  for await (const event of events) {
    if (!matchesEvent(event, filters)) continue;
    if (event.Type === 'image' && event.Action === 'create' && isBefore(call.apiVersion, '1.46')) continue;
    const { Type, Action, Actor } = event;
    const legacy =
      Type === 'container' || Type === 'image'
        ? { status: Action, id: Actor?.ID, from: Type === 'container' ? Actor?.Attributes?.['image'] : Actor?.ID }
        : {};
    await answer.write(`${JSON.stringify({ ...legacy, ...event })}\n`);
  }
  answer.end();
}
