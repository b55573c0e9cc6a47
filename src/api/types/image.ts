/** Wire types of the Engine API 1.51: image. Field names and shapes follow the API definition. */
import type { DriverData, HealthConfig } from './container.ts';

export interface ImageConfig {
  User?: string;
  ExposedPorts?: Record<string, Record<string, unknown>> | null;
  Env?: string[];
  Cmd?: string[];
  Healthcheck?: HealthConfig;
  ArgsEscaped?: boolean | null;
  Volumes?: Record<string, Record<string, unknown>>;
  WorkingDir?: string;
  Entrypoint?: string[];
  OnBuild?: string[] | null;
  Labels?: Record<string, string>;
  StopSignal?: string | null;
  Shell?: string[] | null;
}

export interface ImageInspect {
  Id?: string;
  Descriptor?: OCIDescriptor | null;
  Manifests?: ImageManifestSummary[] | null;
  RepoTags?: string[];
  RepoDigests?: string[];
  Parent?: string;
  Comment?: string;
  Created?: string | null;
  DockerVersion?: string;
  Author?: string;
  Config?: ImageConfig;
  Architecture?: string;
  Variant?: string | null;
  Os?: string;
  OsVersion?: string | null;
  Size?: number;
  GraphDriver?: DriverData;
  RootFS?: {
    Type?: string;
    Layers?: string[];
  };
  Metadata?: {
    LastTagTime?: string | null;
  };
}

export interface ImageSummary {
  Id?: string;
  ParentId?: string;
  RepoTags?: string[];
  RepoDigests?: string[];
  Created?: number;
  Size?: number;
  SharedSize?: number;
  Labels?: Record<string, string>;
  Containers?: number;
  Manifests?: ImageManifestSummary[];
  Descriptor?: OCIDescriptor | null;
}

export interface ImageDeleteResponseItem {
  Untagged?: string;
  Deleted?: string;
}

export interface BuildInfo {
  id?: string;
  stream?: string;
  error?: string | null;
  errorDetail?: ErrorDetail;
  status?: string;
  progress?: string | null;
  progressDetail?: ProgressDetail;
  aux?: ImageID;
}

export interface BuildCache {
  ID?: string;
  Parents?: string[] | null;
  Type?: 'internal' | 'frontend' | 'source.local' | 'source.git.checkout' | 'exec.cachemount' | 'regular';
  Description?: string;
  InUse?: boolean;
  Shared?: boolean;
  Size?: number;
  CreatedAt?: string;
  LastUsedAt?: string | null;
  UsageCount?: number;
}

export interface ImageID {
  ID?: string;
}

export interface CreateImageInfo {
  id?: string;
  error?: string | null;
  errorDetail?: ErrorDetail;
  status?: string;
  progress?: string | null;
  progressDetail?: ProgressDetail;
}

export interface PushImageInfo {
  error?: string | null;
  errorDetail?: ErrorDetail;
  status?: string;
  progress?: string | null;
  progressDetail?: ProgressDetail;
}

export interface ErrorDetail {
  code?: number;
  message?: string;
}

export interface ProgressDetail {
  current?: number;
  total?: number;
}

export interface OCIDescriptor {
  mediaType?: string;
  digest?: string;
  size?: number;
  urls?: string[] | null;
  annotations?: Record<string, string> | null;
  data?: string | null;
  platform?: OCIPlatform;
  artifactType?: string | null;
}

export interface OCIPlatform {
  architecture?: string;
  os?: string;
  'os.version'?: string;
  'os.features'?: string[];
  variant?: string;
}

export interface DistributionInspect {
  Descriptor?: OCIDescriptor;
  Platforms?: OCIPlatform[];
}

export interface ImageManifestSummary {
  ID?: string;
  Descriptor?: OCIDescriptor;
  Available?: boolean;
  Size?: {
    Total?: number;
    Content?: number;
  };
  Kind?: 'image' | 'attestation' | 'unknown';
  ImageData?: {
    Platform?: OCIPlatform;
    Containers?: string[];
    Size?: {
      Unpacked?: number;
    };
  } | null;
  AttestationData?: {
    For?: string;
  } | null;
}

export interface AuthConfig {
  username?: string;
  password?: string;
  email?: string;
  serveraddress?: string;
}
