import type { Descriptor } from '../../store/content/content-store.ts';
import { pickManifest } from './catalog.ts';
import type { ImageServiceDeps } from './deps.ts';
import { labelsOf } from './describe.ts';

type Labels = Readonly<Record<string, string>>;

/** Labels of an image as an event tells them (moby's LogImageEvent): of the platform that would run here; none when it is not here whole. */
export async function readLabels(
  deps: Pick<ImageServiceDeps, 'catalog' | 'host'>,
  target: Descriptor,
): Promise<Labels> {
  try {
    return labelsOf(pickManifest(await deps.catalog.manifests(target), deps.host, true));
  } catch {
    return {}; // an image that is damaged can be told of, and removed, all the same
  }
}

/** `name` is what the image is called in the event. */
export function publishImage(
  { events }: Pick<ImageServiceDeps, 'events'>,
  action: string,
  id: string,
  { name, labels }: { readonly name: string; readonly labels: Labels },
): void {
  events.publish({ type: 'image', action, id, attributes: { ...labels, name } });
}
