import { LOCAL_SECRETS_HEADER } from '../../api/types/secret.ts';
import { isKind, KnownError } from '../../lib/errors.ts';
import type { Call, Route } from '../route.ts';
import { asksOfHost, namedVolumes, volumesFrom } from './host-access.ts';
import { type AccessLookups, type AccessPolicy, hasLabel, type Label, type ObjectKind } from './policy.ts';
import { RULES, type Rule } from './rules.ts';

type Body = Readonly<Record<string, unknown>>;

/**
 * The call as the route may see it: lists are filtered, what is made is labelled, objects are named by id. Errors: forbidden for what the
 * listener does not allow, not_found for what it does not see.
 */
export async function guard(
  policy: AccessPolicy,
  { method, path }: Pick<Route, 'method' | 'path'>,
  call: Call,
  lookups: AccessLookups,
): Promise<Call> {
  const rule = RULES[`${method} ${path}`];
  if (!rule) throw refused(`${method} ${path}`);
  if (rule.does === 'write' && policy.allow === 'read') throw refused('changes');
  const { label } = policy;
  if (rule.swarm) return withoutLocalSecrets(call);
  if (!label) return rule.makes ? await checkedBody(rule, call, undefined, lookups) : call;
  if (rule.whole) throw refused(`${method} ${path}`);
  const params = rule.of ? await ownParams(rule.of, call, label, lookups) : call.params;
  const query = rule.filtered ? filteredQuery(call.query, label) : call.query;
  const own = { ...call, params, query };
  return rule.makes || rule.names ? await checkedBody(rule, own, label, lookups) : own;
}

function withoutLocalSecrets(call: Call): Call {
  const { [LOCAL_SECRETS_HEADER]: _local, ...headers } = call.headers;
  return { ...call, headers };
}

export function refused(what: string): KnownError {
  return new KnownError('forbidden', `this listener does not allow ${what}`);
}

/** The name becomes an id, so that nobody renames another object into its place meanwhile. */
async function ownParams(
  kind: ObjectKind,
  { params }: Call,
  label: Label,
  lookups: AccessLookups,
): Promise<Call['params']> {
  const [entry] = Object.entries(params);
  if (!entry) return params;
  const [parameter, name] = entry;
  const id = await ownId(kind, name, label, lookups);
  return kind === 'container' || kind === 'network' ? { ...params, [parameter]: id } : params;
}

async function ownId(kind: ObjectKind, name: string, label: Label, lookups: AccessLookups): Promise<string> {
  const { id, labels } = await lookups.find(kind, name);
  if (!hasLabel(labels, label)) throw lookups.absent(kind, name);
  return id;
}

function filteredQuery(query: URLSearchParams, { key, value }: Label): URLSearchParams {
  const changed = new URLSearchParams(query);
  const given = parse(query.get('filters'));
  const wanted = given['label'];
  const labels = Array.isArray(wanted)
    ? wanted.map(String)
    : Object.keys(typeof wanted === 'object' ? (wanted ?? {}) : {});
  changed.set('filters', JSON.stringify({ ...given, label: [...labels, `${key}=${value}`] }));
  return changed;
}

function parse(filters: string | null): Body {
  if (!filters) return {};
  try {
    const value: unknown = JSON.parse(filters);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch (error) {
    throw new KnownError('invalid_parameter', 'invalid filter', { cause: error });
  }
  throw new KnownError('invalid_parameter', 'invalid filter');
}

/** A call whose body was looked at, and labelled. */
async function checkedBody(rule: Rule, call: Call, label: Label | undefined, lookups: AccessLookups): Promise<Call> {
  const body = await call.json();
  const checked = await checkBody(rule, body, label, lookups);
  return { ...call, json: async () => checked };
}

async function checkBody(
  { makes, names }: Rule,
  body: Body,
  label: Label | undefined,
  lookups: AccessLookups,
): Promise<Body> {
  if (names && label)
    return { ...body, Container: await ownId('container', textOf(body['Container']), label, lookups) };
  switch (makes) {
    case 'container':
      return labelled(await checkContainer(body, label, lookups), label);
    case 'network':
      if (!['', 'bridge'].includes(textOf(body['Driver'])))
        throw refused(`the network driver ${textOf(body['Driver'])}`);
      if (!isEmpty(body['Options'])) throw refused('options of networks');
      return labelled(body, label);
    case 'volume':
      if (!['', 'local'].includes(textOf(body['Driver']))) throw refused(`the volume driver ${textOf(body['Driver'])}`);
      if (!isEmpty(body['DriverOpts'])) throw refused('options of volumes');
      return labelled(body, label);
    case 'exec':
      if (body['Privileged'] === true) throw refused('privileged commands');
      return body;
    default:
      return body;
  }
}

function labelled(body: Body, label: Label | undefined): Body {
  if (!label) return body;
  const labels = typeof body['Labels'] === 'object' && body['Labels'] !== null ? body['Labels'] : {};
  return { ...body, Labels: { ...labels, [label.key]: label.value } };
}

async function checkContainer(body: Body, label: Label | undefined, lookups: AccessLookups): Promise<Body> {
  const host: Body = typeof body['HostConfig'] === 'object' ? { ...body['HostConfig'] } : {};
  const asked = asksOfHost(host);
  if (asked !== undefined) throw refused(asked);
  const mode = textOf(host['NetworkMode']);
  if (mode === 'host') throw refused('the network of the host');
  if (!label) return body;
  const networking: Body = typeof body['NetworkingConfig'] === 'object' ? { ...body['NetworkingConfig'] } : {};
  const endpoints = typeof networking['EndpointsConfig'] === 'object' ? (networking['EndpointsConfig'] ?? {}) : {};
  for (const name of [mode, ...Object.keys(endpoints)])
    await mustBeOwn(`the network ${name}`, checkNetwork(name, label, lookups));
  for (const name of volumesFrom(host))
    await mustBeOwn(`the volumes of ${name}`, ownId('container', name, label, lookups));
  // One that is not there would be made without the label, and could be anybody's later.
  for (const name of namedVolumes(host))
    await mustBeOwn(`the volume ${name}: create it first`, ownId('volume', name, label, lookups));
  return body;
}

/** Not found means another thing to who creates a container: that its image has to be pulled. */
async function mustBeOwn(what: string, found: Promise<unknown>): Promise<void> {
  try {
    await found;
  } catch (error) {
    throw isKind(error, 'not_found') ? refused(what) : error;
  }
}

async function checkNetwork(name: string, label: Label, lookups: AccessLookups): Promise<void> {
  if (['', 'default', 'bridge', 'none'].includes(name)) return;
  const container = /^container:(.*)$/s.exec(name)?.[1];
  if (container === undefined) await ownId('network', name, label, lookups);
  else await ownId('container', container, label, lookups);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function isEmpty(value: unknown): boolean {
  return typeof value !== 'object' || value === null || Object.keys(value).length === 0;
}
