import { invalid } from '../../lib/invalid.ts';
import { type AccessPolicy, parseLabel } from '../../server/access/policy.ts';
import { asText, isObject, type JsonObject, type JsonValue } from './settings.ts';

/** A listener whose clients may do less than everything. */
export interface RestrictedHost {
  readonly host: string;
  readonly policy: AccessPolicy;
  /** Of a unix socket; undefined: the daemon's `group`. */
  readonly group: string | undefined;
}

/**
 * By flag `host=unix:///run/x.sock,allow=read,label=team=web,group=web`, in the file objects with these keys. Errors: invalid_parameter.
 */
export function restrictedHosts(value: JsonValue | undefined): readonly RestrictedHost[] {
  if (!Array.isArray(value)) return [];
  return value.map((entry: JsonValue) => restrictedHost(isObject(entry) ? entry : fields(asText(entry))));
}

function fields(text: string): JsonObject {
  return Object.fromEntries(
    text.split(',').map((part) => {
      const at = part.indexOf('=');
      if (at < 1) throw invalid(`invalid restricted host ${JSON.stringify(text)}: must be host=...,allow=read|all`);
      return [part.slice(0, at), part.slice(at + 1)];
    }),
  );
}

function restrictedHost({ host, allow, label, group, ...others }: JsonObject): RestrictedHost {
  const [other] = Object.keys(others);
  if (other !== undefined) throw invalid(`restricted-hosts: unknown key ${other}`);
  if (typeof host !== 'string' || host === '') throw invalid('restricted-hosts: host is missing');
  if (allow !== 'read' && allow !== 'all') throw invalid(`restricted-hosts: ${host}: allow must be read or all`);
  if (label !== undefined && (typeof label !== 'string' || /^(?:=|$)/.test(label)))
    throw invalid(`restricted-hosts: ${host}: label must be key=value`);
  if (group !== undefined && typeof group !== 'string')
    throw invalid(`restricted-hosts: ${host}: group must be a string`);
  return { host, policy: { allow, label: label === undefined ? undefined : parseLabel(label) }, group };
}
