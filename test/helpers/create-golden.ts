/** `{ Top: value, 'HostConfig.Memory': value, 'NetworkingConfig.EndpointsConfig': value }`: the leaves that options set. */
export function flatten(body: unknown): Record<string, unknown> {
  const flat: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(body as Record<string, unknown>)) {
    if (key !== 'HostConfig' && key !== 'NetworkingConfig') flat[key] = value;
    else for (const [name, inner] of Object.entries(value as Record<string, unknown>)) flat[`${key}.${name}`] = inner;
  }
  return flat;
}

/** Splits a line into words as a shell does with single quotes; nothing else is special. */
export function splitWords(line: string): readonly string[] {
  return Array.from(line.matchAll(/(?:[^\s']|'[^']*')+/g), ([word]) => word.replaceAll("'", ''));
}
