import type { Shapes } from './decode.ts';

/** Go's types of an inspected container (moby api/types/container 28.2). */
export const CONTAINER_SHAPES: Shapes = {
  'container.InspectResponse':
    'ID:Id string; Created string; Path string; Args []string; State *container.State; Image string; ResolvConfPath string; HostnamePath string; HostsPath string; LogPath string; Name string; RestartCount int; Driver string; Platform string; MountLabel string; ProcessLabel string; AppArmorProfile string; ExecIDs []string; HostConfig *container.HostConfig; GraphDriver container.DriverData; SizeRw *int; SizeRootFs *int; Mounts []container.MountPoint; Config *container.Config; NetworkSettings *container.NetworkSettings; ImageManifestDescriptor *v1.Descriptor',
  'container.State':
    'Status string; Running bool; Paused bool; Restarting bool; OOMKilled bool; Dead bool; Pid int; ExitCode int; Error string; StartedAt string; FinishedAt string; Health:Health? *container.Health',
  'container.Health': 'Status string; FailingStreak int; Log []*container.HealthcheckResult',
  'container.HealthcheckResult': 'Start string; End string; ExitCode int; Output string',
  'container.DriverData': 'Data map[string]string; Name string',
  'container.MountPoint':
    'Type string; Name string; Source string; Destination string; Driver string; Mode string; RW bool; Propagation string',
  'container.HostConfig':
    'Binds []string; ContainerIDFile string; LogConfig container.LogConfig; NetworkMode string; PortBindings map[nat.Port][]nat.PortBinding; RestartPolicy container.RestartPolicy; AutoRemove bool; VolumeDriver string; VolumesFrom []string; ConsoleSize []int; Annotations:Annotations? map[string]string; CapAdd []string; CapDrop []string; CgroupnsMode string; DNS:Dns []string; DNSOptions:DnsOptions []string; DNSSearch:DnsSearch []string; ExtraHosts []string; GroupAdd []string; IpcMode string; Cgroup string; Links []string; OomScoreAdj int; PidMode string; Privileged bool; PublishAllPorts bool; ReadonlyRootfs bool; SecurityOpt []string; StorageOpt:StorageOpt? map[string]string; Tmpfs:Tmpfs? map[string]string; UTSMode string; UsernsMode string; ShmSize int; Sysctls:Sysctls? map[string]string; Runtime string; Isolation string; CPUShares:CpuShares int; Memory int; NanoCPUs:NanoCpus int; CgroupParent string; BlkioWeight int; BlkioWeightDevice []*blkiodev.WeightDevice; BlkioDeviceReadBps []*blkiodev.ThrottleDevice; BlkioDeviceWriteBps []*blkiodev.ThrottleDevice; BlkioDeviceReadIOps []*blkiodev.ThrottleDevice; BlkioDeviceWriteIOps []*blkiodev.ThrottleDevice; CPUPeriod:CpuPeriod int; CPUQuota:CpuQuota int; CPURealtimePeriod:CpuRealtimePeriod int; CPURealtimeRuntime:CpuRealtimeRuntime int; CpusetCpus string; CpusetMems string; Devices []container.DeviceMapping; DeviceCgroupRules []string; DeviceRequests []container.DeviceRequest; KernelMemory:KernelMemory? int; KernelMemoryTCP:KernelMemoryTCP? int; MemoryReservation int; MemorySwap int; MemorySwappiness *int; OomKillDisable *bool; PidsLimit *int; Ulimits []*container.Ulimit; CPUCount:CpuCount int; CPUPercent:CpuPercent int; IOMaximumIOps int; IOMaximumBandwidth int; Mounts:Mounts? []mount.Mount; MaskedPaths []string; ReadonlyPaths []string; Init:Init? *bool',
  'container.LogConfig': 'Type string; Config map[string]string',
  'nat.PortBinding': 'HostIP:HostIp string; HostPort string',
  'container.RestartPolicy': 'Name string; MaximumRetryCount int',
  'blkiodev.WeightDevice': 'Path string; Weight int',
  'blkiodev.ThrottleDevice': 'Path string; Rate int',
  'container.DeviceMapping': 'PathOnHost string; PathInContainer string; CgroupPermissions string',
  'container.DeviceRequest':
    'Driver string; Count int; DeviceIDs []string; Capabilities [][]string; Options map[string]string',
  'container.Ulimit': 'Name string; Hard int; Soft int => {Name}={Soft}:{Hard}',
  'mount.Mount':
    'Type string; Source string; Target string; ReadOnly bool; Consistency string; BindOptions *mount.BindOptions; VolumeOptions *mount.VolumeOptions; ImageOptions *mount.ImageOptions; TmpfsOptions *mount.TmpfsOptions; ClusterOptions *mount.ClusterOptions',
  'mount.BindOptions':
    'Propagation string; NonRecursive bool; CreateMountpoint bool; ReadOnlyNonRecursive bool; ReadOnlyForceRecursive bool',
  'mount.VolumeOptions': 'NoCopy bool; Labels map[string]string; Subpath string; DriverConfig *mount.Driver',
  'mount.Driver': 'Name string; Options map[string]string',
  'mount.ImageOptions': 'Subpath string',
  'mount.TmpfsOptions': 'SizeBytes int; Mode int; Options [][]string',
  'mount.ClusterOptions': '',
  'container.Config':
    'Hostname string; Domainname string; User string; AttachStdin bool; AttachStdout bool; AttachStderr bool; ExposedPorts:ExposedPorts? map[nat.Port]struct; Tty bool; OpenStdin bool; StdinOnce bool; Env []string; Cmd []string; Healthcheck:Healthcheck? *v1.HealthcheckConfig; ArgsEscaped:ArgsEscaped? bool; Image string; Volumes map[string]struct; WorkingDir string; Entrypoint []string; NetworkDisabled:NetworkDisabled? bool; MacAddress:MacAddress? string; OnBuild []string; Labels map[string]string; StopSignal:StopSignal? string; StopTimeout:StopTimeout? *int; Shell:Shell? []string',
  struct: '',
  'v1.HealthcheckConfig':
    'Test:Test? []string; Interval:Interval? duration; Timeout:Timeout? duration; StartPeriod:StartPeriod? duration; StartInterval:StartInterval? duration; Retries:Retries? int',
  'container.NetworkSettings':
    'Bridge string; SandboxID string; SandboxKey string; Ports map[nat.Port][]nat.PortBinding; HairpinMode bool; LinkLocalIPv6Address string; LinkLocalIPv6PrefixLen int; SecondaryIPAddresses []network.Address; SecondaryIPv6Addresses []network.Address; EndpointID string; Gateway string; GlobalIPv6Address string; GlobalIPv6PrefixLen int; IPAddress string; IPPrefixLen int; IPv6Gateway string; MacAddress string; Networks map[string]*network.EndpointSettings',
  'network.Address': 'Addr string; PrefixLen int',
  'network.EndpointSettings':
    'IPAMConfig *network.EndpointIPAMConfig; Links []string; Aliases []string; MacAddress string; DriverOpts map[string]string; GwPriority int; NetworkID string; EndpointID string; Gateway string; IPAddress string; IPPrefixLen int; IPv6Gateway string; GlobalIPv6Address string; GlobalIPv6PrefixLen int; DNSNames []string',
  'network.EndpointIPAMConfig': 'IPv4Address string; IPv6Address string; LinkLocalIPs []string',
  'v1.Descriptor':
    'MediaType:mediaType string; Digest:digest string; Size:size int; URLs:urls []string; Annotations:annotations map[string]string; Platform:platform *v1.Platform',
  'v1.Platform':
    'Architecture:architecture string; OS:os string; OSVersion:os.version string; OSFeatures:os.features []string; Variant:variant string',
};
