/** Said when one platform is asked for. */
export const PLATFORM_NOTE = `Using --platform pushes only the specified platform manifest of a multi-platform image index.
Other components, like attestations, will not be included.
To push the complete multi-platform image, remove the --platform flag.
`;

/** The note for what a push tells beside its progress: none, or that one platform went instead of the index. */
export function noteOf(aux: unknown): readonly string[] {
  const fields = fieldsOf(aux);
  if (fields.get('manifestPushedInsteadOfIndex') !== true) return [];
  const digest = (name: string): string => String(fieldsOf(fields.get(name)).get('digest'));
  const line = 'Not all multiplatform-content is present and only the available single-platform image was pushed';
  return [`${line}\n${digest('originalIndex')} -> ${digest('selectedManifest')}`];
}

function fieldsOf(value: unknown): ReadonlyMap<string, unknown> {
  return new Map<string, unknown>(typeof value === 'object' && value !== null ? Object.entries(value) : []);
}
