import type { ImageInspect, ImageSummary } from '../types/image.ts';
import { isBefore } from './version.ts';

/** What every version up to 1.51 shows of an image's configuration, set or not (moby issue 50134). */
const ALWAYS_SHOWN: object = {
  Cmd: null,
  Entrypoint: null,
  Env: null,
  Labels: null,
  OnBuild: null,
  User: '',
  Volumes: null,
  WorkingDir: '',
};
/** What versions before 1.50 show besides, as if an image were a container (moby pull request 48457). */
const CONTAINER_FIELDS: object = {
  AttachStderr: false,
  AttachStdin: false,
  AttachStdout: false,
  Domainname: '',
  Hostname: '',
  Image: '',
  OpenStdin: false,
  StdinOnce: false,
  Tty: false,
};

/** An image as a client of this version of the API knows it. */
export function imageInspectAs(version: string, image: ImageInspect): ImageInspect {
  const { Descriptor, Manifests, ...known } = image;
  const config = { ...(isBefore(version, '1.50') ? CONTAINER_FIELDS : {}), ...ALWAYS_SHOWN };
  return Object.assign(
    known,
    { Config: Object.assign({}, config, image.Config) },
    isBefore(version, '1.44') && { VirtualSize: image.Size },
    isBefore(version, '1.45') && { Container: '', ContainerConfig: { ...CONTAINER_FIELDS, ...ALWAYS_SHOWN } },
    !isBefore(version, '1.48') && { ...(Descriptor && { Descriptor }), ...(Manifests && { Manifests }) },
  );
}

/** A row of a list of images as a client of this version knows it. */
export function imageSummaryAs(version: string, image: ImageSummary): ImageSummary {
  const { Descriptor, Manifests, ...known } = image;
  return Object.assign(
    known,
    isBefore(version, '1.44') && { VirtualSize: image.Size },
    !isBefore(version, '1.47') && Manifests && { Manifests },
    !isBefore(version, '1.48') && Descriptor && { Descriptor },
  );
}
