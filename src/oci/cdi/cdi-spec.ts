/**
 * The Container Device Interface: what a vendor's file says must be changed in a container's OCI configuration for a device of his to work in
 * it (github.com/cncf-tags/container-device-interface, SPEC.md, up to version 1.0).
 */
import { KnownError } from '../../lib/errors.ts';

export interface CdiSpec {
  /** `vendor.com/class`. */
  readonly kind: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly devices: readonly CdiDevice[];
  /** For every container that has one of the devices. */
  readonly edits: CdiEdits;
}

export interface CdiDevice {
  readonly name: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly edits: CdiEdits;
}

export interface CdiEdits {
  /** `NAME=value`. */
  readonly env: readonly string[];
  readonly deviceNodes: readonly CdiDeviceNode[];
  readonly mounts: readonly CdiMount[];
  readonly hooks: readonly CdiHook[];
  readonly additionalGids: readonly number[];
}

/** What is undefined is as the file on the host has it; the owner: the process's user. */
export interface CdiDeviceNode {
  readonly path: string;
  readonly hostPath: string;
  readonly type: 'c' | 'b' | undefined;
  readonly major: number | undefined;
  readonly minor: number | undefined;
  readonly fileMode: number | undefined;
  /** Of the cgroup: letters of `rwm`, '' is none of them. */
  readonly permissions: string;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

export interface CdiMount {
  readonly hostPath: string;
  readonly containerPath: string;
  readonly type: string;
  readonly options: readonly string[];
}

export type HookName = 'prestart' | 'createRuntime' | 'createContainer' | 'startContainer' | 'poststart' | 'poststop';

export interface CdiHook {
  readonly name: HookName;
  readonly path: string;
  readonly args: readonly string[];
  readonly env: readonly string[];
  /** Seconds. */
  readonly timeout: number | undefined;
}

export const KIND = /^[A-Za-z](?:[\w.-]*[A-Za-z0-9])?\/[A-Za-z](?:[\w-]*[A-Za-z0-9])?$/;
const DEVICE = /^[A-Za-z0-9](?:[\w.:-]*[A-Za-z0-9])?$/;
const HOOKS: readonly HookName[] = [
  'prestart',
  'createRuntime',
  'createContainer',
  'startContainer',
  'poststart',
  'poststop',
];

/** A file's document. Errors: invalid_parameter; not_implemented for edits that the engine does not make. */
export function parseCdiSpec(document: unknown): CdiSpec {
  const top = objectOf(document, 'the CDI specification');
  if (typeof top['cdiVersion'] !== 'string' || !/^v?[01]\.\d+\.\d+$/.test(top['cdiVersion']))
    throw invalid(`invalid cdiVersion ${JSON.stringify(top['cdiVersion'])}`);
  const kind = textOf(top, 'kind');
  if (!KIND.test(kind)) throw invalid(`invalid kind ${JSON.stringify(kind)}`);
  const devices = listOf(top, 'devices').map((one) => parseDevice(objectOf(one, 'device')));
  if (devices.length === 0) throw invalid('no devices');
  if (new Set(devices.map(({ name }) => name)).size !== devices.length) throw invalid('a device has two entries');
  return {
    kind,
    annotations: textsByName(top, 'annotations'),
    devices,
    edits: parseEdits(objectOf(top['containerEdits'] ?? {}, 'containerEdits')),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function parseDevice(fields: Fields): CdiDevice {
  const name = textOf(fields, 'name');
  if (!DEVICE.test(name)) throw invalid(`invalid device name ${JSON.stringify(name)}`);
  return {
    name,
    annotations: textsByName(fields, 'annotations'),
    edits: parseEdits(objectOf(fields['containerEdits'] ?? {}, 'containerEdits')),
  };
}

function parseEdits(fields: Fields): CdiEdits {
  for (const key of ['netDevices', 'intelRdt'])
    if (fields[key] !== undefined && fields[key] !== null)
      throw new KnownError('not_implemented', `${key} of a CDI specification is not supported`);
  return {
    env: envOf(fields),
    deviceNodes: listOf(fields, 'deviceNodes').map((one) => parseNode(objectOf(one, 'device node'))),
    mounts: listOf(fields, 'mounts').map((one) => parseMount(objectOf(one, 'mount'))),
    hooks: listOf(fields, 'hooks').map((one) => parseHook(objectOf(one, 'hook'))),
    additionalGids: listOf(fields, 'additionalGids').map((gid) => numberFrom('additionalGids', gid)),
  };
}

function parseNode(fields: Fields): CdiDeviceNode {
  const path = absoluteOf(fields, 'path');
  const type = textOf(fields, 'type');
  if (!['', 'b', 'c', 'u'].includes(type))
    throw invalid(`device ${JSON.stringify(path)}: invalid type ${JSON.stringify(type)}`);
  const permissions = textOf(fields, 'permissions');
  if (permissions !== 'none' && !/^[rwm]*$/.test(permissions))
    throw invalid(`device ${JSON.stringify(path)}: invalid permissions ${JSON.stringify(permissions)}`);
  return {
    path,
    hostPath: textOf(fields, 'hostPath') === '' ? path : absoluteOf(fields, 'hostPath'),
    type: type === '' ? undefined : type === 'b' ? 'b' : 'c',
    major: numberOf(fields, 'major'),
    minor: numberOf(fields, 'minor'),
    fileMode: numberOf(fields, 'fileMode'),
    permissions: permissions === '' ? 'rwm' : permissions.replace('none', ''),
    uid: numberOf(fields, 'uid'),
    gid: numberOf(fields, 'gid'),
  };
}

function parseMount(fields: Fields): CdiMount {
  const options = listOf(fields, 'options').map((option) => textFrom('options', option));
  return {
    hostPath: textOf(fields, 'hostPath'),
    containerPath: absoluteOf(fields, 'containerPath'),
    type: textOf(fields, 'type') || 'bind',
    options,
  };
}

function parseHook(fields: Fields): CdiHook {
  const name = HOOKS.find((one) => one === fields['hookName']);
  if (name === undefined) throw invalid(`invalid hook name ${JSON.stringify(fields['hookName'])}`);
  return {
    name,
    path: absoluteOf(fields, 'path'),
    args: listOf(fields, 'args').map((one) => textFrom('args', one)),
    env: envOf(fields),
    timeout: numberOf(fields, 'timeout'),
  };
}

function envOf(fields: Fields): readonly string[] {
  return listOf(fields, 'env').map((one) => {
    const text = textFrom('env', one);
    if (text.indexOf('=') <= 0) throw invalid(`invalid environment variable ${JSON.stringify(text)}`);
    return text;
  });
}

function absoluteOf(fields: Fields, key: string): string {
  const path = textOf(fields, key);
  if (!path.startsWith('/')) throw invalid(`${key} ${JSON.stringify(path)} is not an absolute path`);
  return path;
}

function textsByName(fields: Fields, key: string): Readonly<Record<string, string>> {
  const entries = Object.entries(objectOf(fields[key] ?? {}, key));
  return Object.fromEntries(entries.map(([name, value]) => [name, textFrom(key, value)]));
}

function objectOf(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(`${what} is no object`);
  return Object.fromEntries(Object.entries(value));
}

function listOf(fields: Fields, key: string): readonly unknown[] {
  const value = fields[key] ?? [];
  if (!Array.isArray(value)) throw invalid(`${key} is no list`);
  return value;
}

function textOf(fields: Fields, key: string): string {
  return textFrom(key, fields[key] ?? '');
}

function textFrom(key: string, value: unknown): string {
  if (typeof value !== 'string' || value.includes('\0')) throw invalid(`${key} is no text`);
  return value;
}

function numberOf(fields: Fields, key: string): number | undefined {
  const value = fields[key] ?? undefined;
  return value === undefined ? undefined : numberFrom(key, value);
}

function numberFrom(key: string, value: unknown): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) throw invalid(`${key} is no number from 0`);
  return value;
}

function invalid(text: string): KnownError {
  return new KnownError('invalid_parameter', text);
}
