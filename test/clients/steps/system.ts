import type { StepGroup } from '../step.ts';

export const systemSteps: readonly StepGroup[] = [
  {
    title: 'version and info',
    steps: [
      { run: "docker version --format '{{.Server.Os}}/{{.Server.Arch}} {{.Server.Experimental}}'" },
      { run: "docker version --format '{{json .Server}}'", view: 'keys' },
      { run: "docker info --format '{{.OSType}} {{.Architecture}} {{.NCPU}} {{.CgroupDriver}} {{.CgroupVersion}}'" },
      { run: "docker info --format '{{.Containers}} {{.ContainersRunning}} {{.ContainersPaused}} {{.Images}}'" },
      { run: "docker info --format '{{.MemTotal}} {{.KernelVersion}} {{.OperatingSystem}} {{.Name}}'" },
      {
        run: "docker info --format '{{.Swarm.LocalNodeState}} {{.LiveRestoreEnabled}} {{.LoggingDriver}} {{.Driver}}'",
      },
      { run: "docker info --format '{{json .}}'", view: 'keys' },
      { run: "docker info --format '{{.NoSuchField}}'" },
    ],
  },
  {
    title: 'networks',
    steps: [
      { run: "docker network ls --format '{{.Name}} {{.Driver}} {{.Scope}}'" },
      { run: 'docker network ls' },
      { run: "docker network ls --filter name=bridge --format '{{.Name}}'" },
      { run: "docker network ls --filter driver=host --format '{{.Name}}'" },
      { run: 'docker network ls --filter bad=1' },
      { run: 'docker network inspect bridge', view: 'keys' },
      {
        run: "docker network inspect bridge --format '{{.Name}} {{.Driver}} {{.Scope}} {{.EnableIPv6}} {{.Internal}} {{.Attachable}}'",
      },
      { run: "docker network inspect host --format '{{.Name}} {{.Driver}} {{json .IPAM.Config}} {{json .Options}}'" },
      { run: 'docker network inspect none', view: 'keys' },
      { run: 'docker network inspect nosuch' },
      { run: 'docker network rm bridge' },
      { run: 'docker network rm nosuch' },
    ],
  },
  {
    title: 'volumes',
    steps: [
      { run: 'docker volume ls' },
      { run: 'docker volume create --label a=b data' },
      { run: 'docker volume create data' },
      { run: "docker volume create | tr -d '\\n' | wc -c" },
      { run: 'docker volume create bad/name' },
      { run: 'docker volume inspect data', view: 'keys' },
      {
        run: "docker volume inspect data --format '{{.Mountpoint}} {{.Driver}} {{.Scope}} {{json .Labels}}'",
      },
      { run: 'docker volume inspect nosuch' },
      { run: "docker volume ls --filter label=a=b --format '{{.Name}} {{.Driver}} {{.Labels}}'" },
      { run: 'docker volume ls -q --filter name=dat' },
      { run: 'docker volume ls --filter bad=1' },
      { run: 'docker run --rm -v data:/data busybox sh -c "echo kept >/data/file"' },
      { run: 'docker run --rm -v data:/data:ro busybox sh -c "cat /data/file; echo more >>/data/file"' },
      { run: 'docker create --name user -v data:/data busybox' },
      { run: 'docker volume rm data' },
      { run: 'docker volume ls -q --filter dangling=false' },
      { run: 'docker rm user' },
      { run: 'docker volume rm data' },
      { run: 'docker volume rm data' },
      { run: 'docker volume rm $(docker volume ls -q) | wc -l; docker volume prune -f' },
    ],
  },
];
