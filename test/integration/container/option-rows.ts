import { readFileSync } from 'node:fs';
import { disk, type OptionRow, V2 } from './option-limits.ts';

/** The daemon gives what it holds itself. */
const held = BigInt(`0x${/^CapBnd:\s*(\w+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'}`);
const capabilities = (mask: bigint): string => `CapEff:\t${mask.toString(16).padStart(16, '0')}`;
const missing = (held >> 24n) & 1n ? undefined : 'CAP_SYS_RESOURCE: the container runs without';
const SHOW_CAPABILITIES = 'grep CapEff /proc/self/status';

const CGROUP_PATH = V2 ? 'cut -d: -f3 /proc/self/cgroup' : "sed -n 's/.*:memory://p' /proc/self/cgroup";

export const NAMESPACE_ROWS: readonly OptionRow[] = [
  { options: ['cgroupns'], args: ['--cgroupns', 'private'], shell: CGROUP_PATH, out: '/' },
  {
    options: ['cgroupns', 'cgroup-parent'],
    args: ['--cgroupns', 'host', '--cgroup-parent', 'PARENT/below'],
    shell: CGROUP_PATH,
    out: /^\/skt-\w+\/below\/[0-9a-f]{64}$/,
  },
  { options: ['ipc'], args: ['--ipc', 'none'], shell: 'ls /dev/shm', err: '/dev/shm: No such file', status: 1 },
  {
    options: ['ipc'],
    args: ['--ipc', 'container:shares'],
    shell: 'cat /dev/shm/left; readlink /proc/self/ns/ipc',
    out: 'IPC-OF shares',
  },
  { options: ['ipc'], args: ['--ipc', 'container:alone'], err: 'non-shareable container', status: 125 },
  { options: ['ipc'], args: ['--ipc', 'host'], shell: 'readlink /proc/self/ns/ipc', out: readNamespace('ipc') },
  { options: ['ipc'], args: ['--ipc', 'nothing'], err: 'IPC mode', status: 125 },
  { options: ['pid'], args: ['--pid', 'host'], shell: 'readlink /proc/self/ns/pid', out: readNamespace('pid') },
  {
    options: ['pid'],
    args: ['--pid', 'container:shares'],
    shell: 'cat /proc/1/comm; readlink /proc/self/ns/pid',
    out: 'PID-OF shares',
  },
  { options: ['pid'], args: ['--pid', 'container:nobody'], err: 'No such container: nobody', status: 125 },
  { options: ['uts'], args: ['--uts', 'host'], shell: 'readlink /proc/self/ns/uts', out: readNamespace('uts') },
  { options: ['userns'], args: ['--userns', 'host'], shell: 'readlink /proc/self/ns/user', out: readNamespace('user') },
  { options: ['userns'], args: ['--userns', 'keep-id'], err: '--userns: invalid USER mode', status: 125 },
  {
    options: ['hostname', 'domainname'],
    args: ['-h', 'left', '--domainname', 'right.test'],
    shell: 'hostname; cat /proc/sys/kernel/domainname; hostname -f',
    out: 'left\nright.test\nleft.right.test',
  },
  {
    options: ['uts', 'hostname'],
    args: ['--uts', 'host', '-h', 'x'],
    err: 'conflicting options: hostname and the UTS mode',
    status: 125,
  },
];

function readNamespace(kind: string): string {
  return new TextDecoder().decode(Bun.spawnSync(['readlink', `/proc/self/ns/${kind}`]).stdout).trim();
}

export const SECURITY_ROWS: readonly OptionRow[] = [
  {
    options: ['cap-add', 'cap-drop'],
    args: ['--cap-drop', 'ALL', '--cap-add', 'net_admin', '--cap-add', 'CAP_CHOWN'],
    shell: SHOW_CAPABILITIES,
    out: capabilities(0x1001n),
  },
  {
    options: ['cap-add', 'cap-drop'],
    args: ['--cap-add', 'ALL', '--cap-drop', 'CHOWN'],
    shell: SHOW_CAPABILITIES,
    out: capabilities(held & ~1n),
    ...(missing && { err: missing }),
  },
  {
    options: ['cap-add'],
    args: ['--cap-add', 'nothing'],
    err: 'invalid CapAdd: unknown capability: "CAP_NOTHING"',
    status: 125,
  },
  {
    options: ['privileged'],
    args: ['--privileged'],
    shell: `${SHOW_CAPABILITIES}; grep Seccomp: /proc/self/status; ls -d ${disk.file}; grep -c "^sysfs.* rw," /proc/mounts`,
    out: `${capabilities(held)}\nSeccomp:\t0\n${disk.file}\n1`,
    ...(missing && { err: missing }),
  },
  {
    options: ['security-opt'],
    args: [],
    shell: 'grep -E "^(Seccomp|NoNewPrivs):" /proc/self/status',
    out: 'NoNewPrivs:\t0\nSeccomp:\t2',
  },
  {
    options: ['security-opt'],
    args: ['--security-opt', 'no-new-privileges'],
    shell: 'grep NoNewPrivs /proc/self/status',
    out: 'NoNewPrivs:\t1',
  },
  {
    options: ['security-opt'],
    args: ['--security-opt', 'seccomp=unconfined'],
    shell: 'grep Seccomp: /proc/self/status',
    out: 'Seccomp:\t0',
  },
  {
    options: ['security-opt'],
    args: ['--security-opt', 'seccomp=FILES/no-mkdir.json'],
    shell: 'mkdir /made',
    err: 'Operation not permitted',
    status: 1,
  },
  {
    options: ['security-opt'],
    args: ['--security-opt', 'systempaths=unconfined'],
    shell: 'grep -cE "^(proc|tmpfs|devtmpfs|udev|dev|sysfs) /(proc/|sys/(firmware|devices))" /proc/mounts',
    out: '0',
    status: 1,
  },
  {
    options: ['security-opt'],
    args: ['--security-opt', 'writable-cgroups=true'],
    shell: 'grep -cE " cgroup2? rw," /proc/mounts | sed "s/[1-9].*/some/"',
    out: 'some',
  },
  {
    options: ['security-opt'],
    args: ['--privileged', '--security-opt', 'writable-cgroups=false'],
    shell: 'grep -cE " cgroup2? rw," /proc/mounts',
    out: '0',
    status: 1,
    ...(missing && { err: missing }),
  },
  { options: ['security-opt'], args: ['--security-opt', 'label=disable', '--security-opt', 'apparmor=unconfined'] },
  {
    options: ['security-opt'],
    args: ['--security-opt', 'label=type:a_t'],
    err: 'This engine sets no SELinux labels. Label option type:a_t discarded.',
  },
  {
    options: ['security-opt'],
    args: ['--security-opt', 'mask=/proc/cpuinfo'],
    err: 'invalid --security-opt 2: "mask=/proc/cpuinfo"',
    status: 125,
  },
  {
    options: ['security-opt'],
    args: ['--security-opt', 'unmask=ALL'],
    err: 'invalid --security-opt 2: "unmask=ALL"',
    status: 125,
  },
  {
    options: ['device'],
    args: ['--device', '/dev/zero:/dev/nil:r'],
    shell: 'head -c 3 /dev/nil | wc -c; stat -c "%t %T" /dev/nil',
    out: '3\n1 5',
  },
  {
    options: ['device'],
    args: ['--device', '/dev/nowhere'],
    err: 'error gathering device information while adding custom device "/dev/nowhere": no such file or directory',
    status: 127,
  },
  {
    options: ['device-cgroup-rule'],
    args: ['--cap-add', 'MKNOD', '--device-cgroup-rule', 'c 10:229 r'],
    shell: 'mknod /k c 10 229; head -c 0 /k && echo opened; mknod /m c 10 235; head -c 0 /m',
    out: 'opened',
    err: 'Operation not permitted',
    status: 1,
  },
  {
    options: ['gpus'],
    args: ['--gpus', 'all'],
    err: 'could not select device driver "" with capabilities: [[gpu]]',
    status: 125,
  },
  {
    options: ['group-add'],
    args: ['--group-add', 'daemon', '--group-add', '1234'],
    shell: 'id -G',
    out: '0 1 10 1234',
  },
  {
    options: ['group-add'],
    args: ['--group-add', 'nobody-has-it'],
    err: 'unable to find group nobody-has-it: no matching entries in group file',
    status: 125,
  },
  {
    options: ['user'],
    args: ['-u', 'daemon'],
    shell: 'id -un; grep CapEff /proc/self/status',
    out: `daemon\n${capabilities(0n)}`,
  },
  { options: ['user'], args: ['-u', '12:34'], shell: 'id -u; id -g', out: '12\n34' },
  {
    options: ['read-only', 'tmpfs'],
    args: ['--read-only', '--tmpfs', '/t:size=1m,mode=700'],
    shell: 'touch /t/x && ls /t; grep -o "size=1024k,mode=700" /proc/mounts; touch /x',
    out: 'x\nsize=1024k,mode=700',
    err: 'Read-only file system',
    status: 1,
  },
  {
    options: ['runtime'],
    args: ['--runtime', 'nothing'],
    err: 'unknown or invalid runtime name: nothing',
    status: 125,
  },
  { options: ['runtime'], args: ['--runtime', 'runc'], shell: 'echo by runc', out: 'by runc' },
  { options: ['isolation'], args: ['--isolation', 'default'], shell: 'echo runs', out: 'runs' },
  {
    options: ['isolation'],
    args: ['--isolation', 'hyperv'],
    err: `invalid isolation: "hyperv" - linux only supports 'default'`,
    status: 125,
  },
  { options: ['platform'], args: ['--platform', 'linux/amd64'], shell: 'uname -m', out: 'x86_64' },
  { options: ['platform'], args: ['--platform', 'plan9/x/y/z'], err: 'platform', status: 125 },
];

export const PROCESS_ROWS: readonly OptionRow[] = [
  { options: ['init'], args: ['--init'], shell: 'cat /proc/1/comm', out: 'docker-init' },
  { options: ['workdir'], args: ['-w', '/made/here'], shell: 'pwd', out: '/made/here' },
  {
    options: ['workdir'],
    args: ['-w', 'here'],
    err: "the working directory 'here' is invalid, it needs to be an absolute path",
    status: 125,
  },
  { options: ['tty'], args: ['-t'], shell: 'tty; echo $TERM', out: '/dev/pts/0\r\nxterm\r' },
  {
    options: ['env', 'env-file'],
    args: ['-e', 'A=1', '-e', 'GIVEN', '--env-file', 'FILES/env'],
    shell: 'echo "$A $B $GIVEN"',
    out: '1 of the file of the client',
  },
  {
    options: ['env-file'],
    args: ['--env-file', 'FILES/none'],
    err: 'FILES/none: no such file or directory',
    status: 125,
  },
  {
    options: ['dns', 'dns-option', 'dns-search'],
    args: ['--network', 'none', '--dns', '192.0.2.1', '--dns-option', 'ndots:3', '--dns-search', 'x.test'],
    shell: 'grep -vE "^(#|$)" /etc/resolv.conf',
    out: 'nameserver 192.0.2.1\nsearch x.test\noptions ndots:3',
  },
  {
    options: ['add-host'],
    args: ['--add-host', 'web:192.0.2.7', '--add-host', 'six=2001:db8::1'],
    shell: 'grep -E "web|six" /etc/hosts',
    out: '192.0.2.7\tweb\n2001:db8::1\tsix',
  },
  {
    options: ['network', 'ip', 'ip6', 'mac-address'],
    args: [
      '--network',
      'options',
      '--ip',
      'SUBNET.77',
      '--ip6',
      'fd00:5ca1:ab1e::77',
      '--mac-address',
      '92:d0:c6:0a:29:33',
    ],
    shell: 'ip -o a show eth0 | grep -oE "SUBNET.77|fd00:5ca1:ab1e::77"; cat /sys/class/net/eth0/address',
    out: 'SUBNET.77\nfd00:5ca1:ab1e::77\n92:d0:c6:0a:29:33',
  },
  {
    options: ['link-local-ip'],
    args: ['--network', 'options', '--link-local-ip', '169.254.9.9'],
    shell: 'ip -o -4 a show eth0 | grep -o 169.254.9.9',
    out: '169.254.9.9',
  },
  {
    options: ['network-alias'],
    args: ['--network', 'options', '--network-alias', 'other-name', '--ip', 'SUBNET.78'],
    shell: 'nslookup other-name | grep -o SUBNET.78',
    out: 'SUBNET.78',
  },
  { options: ['link'], args: ['--link', 'shares:donor'], shell: 'grep -c donor /etc/hosts', out: '1' },
  {
    options: ['network'],
    args: ['--network', 'container:shares'],
    shell: 'readlink /proc/self/ns/net',
    out: 'NET-OF shares',
  },
  {
    options: ['volume'],
    args: ['-v', 'FILES:/host:ro'],
    shell: 'cat /host/kept; touch /host/x',
    out: 'of the host',
    err: 'Read-only file system',
    status: 1,
  },
  {
    options: ['mount'],
    args: ['--mount', 'type=bind,src=FILES,dst=/host'],
    shell: 'cat /host/kept',
    out: 'of the host',
  },
  { options: ['volumes-from'], args: ['--volumes-from', 'shares'], shell: 'cat /shared/left', out: 'here' },
  {
    options: ['volume-driver'],
    args: ['--pull', 'never', '--volume-driver', 'nothing', '-v', 'v:/v'],
    err: 'plugin "nothing" not found',
    status: 125,
  },
  {
    options: ['volume-driver'],
    args: ['--volume-driver', 'local', '-v', '/v'],
    shell: 'grep -c " /v " /proc/mounts',
    out: '1',
  },
  {
    options: ['pull'],
    args: ['--pull', 'sometimes'],
    err: `invalid pull option: 'sometimes': must be one of "always", "missing" or "never"`,
    status: 125,
  },
  {
    options: ['log-driver'],
    args: ['--log-driver', 'nothing'],
    err: "no log driver named 'nothing' is registered",
    status: 125,
  },
  { options: ['log-driver'], args: ['--log-driver', 'none'], shell: 'echo seen', out: 'seen' },
  {
    options: ['log-opt'],
    args: ['--log-opt', 'nothing=1'],
    err: "unknown log opt 'nothing' for json-file log driver",
    status: 125,
  },
  {
    options: ['restart', 'rm'],
    args: ['--restart', 'always'],
    err: 'conflicting options: cannot specify both --restart and --rm',
    status: 125,
  },
  {
    options: ['detach', 'attach'],
    args: ['-d', '-a', 'stdout'],
    err: 'cannot specify both --attach and --detach',
    status: 1,
  },
];
