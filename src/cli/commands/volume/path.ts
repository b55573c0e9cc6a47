/** The path of a volume's resource, its name escaped. */
export function volumePath(name: string): string {
  return `/volumes/${encodeURIComponent(name)}`;
}
