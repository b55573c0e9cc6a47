import type { HostConfig } from '../../../api/types/container.ts';
import { KnownError } from '../../../lib/errors.ts';
import type { DeviceRule, SpecDevice } from './runtime-spec.ts';

/** Device files that every container has are made by the runtime; these rules let them be used (and any be made). */
const DEFAULT_RULES: readonly DeviceRule[] = [
  { allow: false, access: 'rwm' },
  { allow: true, type: 'c', access: 'm' },
  { allow: true, type: 'b', access: 'm' },
  ...[
    [1, 3],
    [1, 5],
    [1, 7],
    [1, 8],
    [1, 9],
    [5, 0],
    [5, 2],
  ].map(([major, minor]) => ({ allow: true, type: 'c' as const, major, minor, access: 'rwm' })),
  { allow: true, type: 'c', major: 136, access: 'rwm' },
  { allow: true, type: 'c', major: 10, minor: 200, access: 'rwm' },
];

export interface DevicePlan {
  readonly devices: readonly SpecDevice[];
  readonly rules: readonly DeviceRule[];
}

/** Devices and their cgroup rules. Errors: invalid_parameter for a missing device or a malformed rule. */
export function planDevices(host: HostConfig, devicesAt: (path: string) => readonly SpecDevice[]): DevicePlan {
  if (host.Privileged) return { devices: devicesAt('/dev'), rules: [{ allow: true, access: 'rwm' }] };
  const given = (host.Devices ?? []).flatMap(({ PathOnHost = '', PathInContainer, CgroupPermissions }) => {
    const access = CgroupPermissions || 'rwm';
    return devicesAt(PathOnHost).map((device) => ({
      device: { ...device, path: device.path.replace(PathOnHost, PathInContainer || PathOnHost) },
      access,
    }));
  });
  return {
    devices: given.map(({ device }) => device),
    rules: [
      ...DEFAULT_RULES,
      ...given.map(({ device: { type, major, minor }, access }) => ({ allow: true, type, major, minor, access })),
      ...(host.DeviceCgroupRules ?? []).map(parseRule),
    ],
  };
}

/** `c 1:3 rwm`, `a *:* rwm`. */
function parseRule(text: string): DeviceRule {
  const [, type, major, minor, access] = /^([acb]) (\d+|\*):(\d+|\*) ([rwm]{1,3})$/.exec(text) ?? [];
  if (type !== 'a' && type !== 'b' && type !== 'c')
    throw new KnownError('invalid_parameter', `invalid device cgroup rule format: '${text}'`);
  return {
    allow: true,
    type,
    ...(major !== '*' && { major: Number(major) }),
    ...(minor !== '*' && { minor: Number(minor) }),
    access: access ?? '',
  };
}
