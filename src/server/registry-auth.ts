import type { RegistryAuth } from '../engine/image/service.ts';

const FIELDS = ['username', 'password', 'identitytoken', 'registrytoken', 'serveraddress'] as const;

/** The `X-Registry-Auth` header: base64 (either alphabet) of JSON. What cannot be decoded is no credentials, as Docker has it. */
export function parseRegistryAuth(header: string | string[] | undefined): RegistryAuth | undefined {
  if (typeof header !== 'string' || header === '') return undefined;
  const fields = fieldsOf(header);
  const texts = FIELDS.flatMap((name) => {
    const value = fields.get(name);
    return typeof value === 'string' && value !== '' ? [[name, value] as const] : [];
  });
  return texts.length === 0 ? undefined : Object.fromEntries(texts);
}

function fieldsOf(header: string): ReadonlyMap<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'));
    return new Map<string, unknown>(Object.entries(parsed ?? {}));
  } catch {
    return new Map();
  }
}
