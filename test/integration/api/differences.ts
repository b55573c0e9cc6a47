/** Where Docker 28 answers against its own definition: the problem as the checker words it, by why it is right all the same. */
const LOOSER_BY_REASON: Readonly<Record<string, readonly string[]>> = {
  'Go writes a list or a map that nobody has set as null': [
    ...['Links', 'Aliases', 'DNSNames'].map((field) => `EndpointSettings.${field}`),
    ...['Binds', 'VolumesFrom', 'CapAdd', 'CapDrop', 'ExtraHosts', 'GroupAdd', 'Links', 'SecurityOpt'].map(
      (field) => `HostConfig.${field}`,
    ),
    ...['DeviceCgroupRules', 'DeviceRequests'].map((field) => `HostConfig.${field}`),
    'ContainerConfig.Volumes',
    'ContainerConfig.Entrypoint',
    'ContainerBlkioStats.io_service_bytes_recursive',
    ...['Cmd', 'Entrypoint', 'Env', 'Labels', 'OnBuild', 'Volumes'].map((field) => `ImageConfig.${field}`),
    'Volume.Options',
    'Volume.Labels',
    'VolumeListResponse.Warnings',
    'IPAM.Options',
  ].map((field) => `${field}: null`),
  'a number or a flag that nobody has set is null': [
    'HostConfig.MemorySwappiness: null',
    'HostConfig.OomKillDisable: null',
  ],
  'what was not asked for is null': ['Images', 'Containers', 'Volumes', 'BuildCache'].map(
    (field) => `GET /system/df 200.${field}: null`,
  ),
  'null until the process has ended': ['GET /exec/{id}/json 200.ExitCode: null'],
  'required, but the schema has no such property: it is Size.Unpacked': [
    'ImageManifestSummary.ImageData.UnpackedSize: missing',
  ],
  'sent beside the others to clients before API 1.52, which read them': [
    'EventMessage.status: not in the definition',
    'EventMessage.id: not in the definition',
    'EventMessage.from: not in the definition',
  ],
};

export const LOOSER: ReadonlySet<string> = new Set(Object.values(LOOSER_BY_REASON).flat());

const SWARM = 'of Swarm, which this engine is not part of';
const WINDOWS = 'of Windows containers';
const REFUSED = 'the option is refused by name';
const FOREIGN = 'what others may write into an index or an image; it is told as it is written';

/** Fields of the definition that no answer here has, by their beginning, and why. */
export const UNSEEN: Readonly<Record<string, string>> = {
  'OCIDescriptor.urls': FOREIGN,
  'OCIDescriptor.data': FOREIGN,
  'OCIPlatform.os.': FOREIGN,
  'OCIPlatform.variant': FOREIGN,
  'ImageInspect.Variant': FOREIGN,
  'ImageInspect.OsVersion': FOREIGN,
  'ImageConfig.ArgsEscaped': WINDOWS,
  'EndpointIPAMConfig.IPv6Address': REFUSED,
  'EndpointIPAMConfig.LinkLocalIPs': REFUSED,
  'DeviceRequest.': REFUSED,
  'Mount.VolumeOptions.Subpath': REFUSED,
  'Mount.ImageOptions': REFUSED,
  'HostConfig.StorageOpt': REFUSED,
  'Address.': 'addresses that only a bridge of long ago had beside its own',
  'ContainerStorageStats.': WINDOWS,
  'ContainerMemoryStats.commit': WINDOWS,
  'ContainerMemoryStats.privateworkingset': WINDOWS,
  'ContainerMemoryStats.failcnt': 'left out when it is 0',
  'ContainerNetworkStats.endpoint_id': WINDOWS,
  'ContainerNetworkStats.instance_id': WINDOWS,
  'ContainerWaitResponse.Error': 'only of a wait that fails half-way',
  'ContainerWaitExitError.': 'only of a wait that fails half-way',
  'SystemInfo.KernelMemoryTCP': 'left out when the kernel has none',
  'SystemInfo.GenericResources[]': SWARM,
  'Runtime.runtimeArgs': 'left out when there are none',
  'Runtime.status': 'of runtimes that describe themselves, which crun of Debian 12 does not',
  'SystemInfo.ProductLicense': 'of the commercial engine',
  'SystemInfo.DefaultAddressPools': 'left out when none is configured',
  'FirewallInfo.Info': 'left out when there is nothing to say',
  'SystemInfo.DiscoveredDevices': 'left out when there are none',
  'DeviceInfo.': 'of discovered devices, of which there are none here',
  'SystemInfo.Containerd': 'left out by an engine without containerd',
  'ContainerdInfo.': 'of an engine with containerd',
  'SystemVersion.Experimental': 'left out when it is false',
  'BuildCache.Parents': 'left out: an entry is known by its inputs and does not know the entry before it',
  'Volume.Status': 'of volume plugins',
  'Volume.ClusterVolume': SWARM,
  'Network.Peers': SWARM,
  'PeerNode.': SWARM,
  'PeerInfo.': SWARM,
  'SwarmInfo.': SWARM,
  'ClusterInfo.': SWARM,
  'ObjectVersion.': SWARM,
  'SwarmSpec.': SWARM,
  'TLSInfo.': SWARM,
  ClusterVolume: SWARM,
};

/** Fields that depend on the machine: whether its kernel counts and weighs blocks. */
export const MAYBE_UNSEEN: readonly string[] = ['ContainerBlkioStatEntry.', 'HostConfig.BlkioWeightDevice[]'];
