import { CONTAINER_SHAPES } from './container.ts';
import type { Shapes } from './decode.ts';

/** Go's types of everything else that is inspected (moby api/types 28.2). */
export const OBJECT_SHAPES: Shapes = {
  ...CONTAINER_SHAPES,
  'image.InspectResponse':
    'ID:Id string; RepoTags []string; RepoDigests []string; Parent string; Comment string; Created string; DockerVersion string; Author string; Config *dockerspec.ImageConfig; Architecture string; Variant string; Os string; OsVersion string; Size int; VirtualSize int; GraphDriver container.DriverData; RootFS image.RootFS; Metadata image.Metadata; Descriptor *v1.Descriptor; Manifests []any',
  'dockerspec.ImageConfig':
    'User:User? string; ExposedPorts:ExposedPorts? map[string]struct; Env:Env? []string; Entrypoint:Entrypoint? []string; Cmd:Cmd? []string; Volumes:Volumes? map[string]struct; WorkingDir:WorkingDir? string; Labels:Labels? map[string]string; StopSignal:StopSignal? string; ArgsEscaped:ArgsEscaped? bool; Healthcheck:Healthcheck? *v1.HealthcheckConfig; OnBuild:OnBuild? []string; Shell:Shell? []string',
  'image.RootFS': 'Type string; Layers []string',
  'image.Metadata': 'LastTagTime time',
  'network.Inspect':
    'Name string; ID:Id string; Created string; Scope string; Driver string; EnableIPv4 bool; EnableIPv6 bool; IPAM network.IPAM; Internal bool; Attachable bool; Ingress bool; ConfigFrom network.ConfigReference; ConfigOnly bool; Containers map[string]network.EndpointResource; Options map[string]string; Labels map[string]string; Peers []any; Services map[string]any',
  'network.IPAM': 'Driver string; Options map[string]string; Config []network.IPAMConfig',
  'network.IPAMConfig':
    'Subnet string; IPRange string; Gateway string; AuxAddress:AuxiliaryAddresses map[string]string',
  'network.ConfigReference': 'Network string',
  'network.EndpointResource':
    'Name string; EndpointID string; MacAddress string; IPv4Address string; IPv6Address string',
  'volume.Volume':
    'ClusterVolume *any; CreatedAt string; Driver string; Labels map[string]string; Mountpoint string; Name string; Options map[string]string; Scope string; Status map[string]any; UsageData *volume.UsageData',
  'store.Inspected':
    'Name string; Metadata *store.Metadata; Endpoints map[string]any; TLSMaterial map[string][]string; Storage *store.StorageInfo',
  'store.Metadata': 'Name string',
  'store.StorageInfo': 'MetadataPath string; TLSPath string',
  'volume.UsageData': 'RefCount int; Size int',
};
