/** The path of a network's resource, its name escaped. */
export function networkPath(name: string, resource = ''): string {
  return `/networks/${encodeURIComponent(name)}${resource}`;
}
