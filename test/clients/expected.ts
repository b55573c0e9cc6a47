import type { Field } from './step.ts';

/** Differences that are meant, and why. Each must show: a step that no longer differs so is an error too. */
export interface Difference {
  readonly because: string;
  readonly fields: readonly Field[];
  /** The steps' command lines. */
  readonly steps: readonly string[];
}

const NOT_YET = 'Not there yet: the answer is a clear refusal (501)';
const DEFECT = 'Defects, to be mended';

export const EXPECTED: readonly Difference[] = [
  {
    because: 'Errors are worded as Docker 28 words them',
    fields: ['stderr'],
    steps: [
      'docker network ls --filter bad=1',
      'docker volume ls --filter bad=1',
      'docker images --filter bad=1',
      'docker image inspect nosuch',
      'docker import -c "FROM x" "$ROOT/t.tar" made:2',
      'docker run --rm --cpus 999 busybox true',
      'docker run --rm --runtime nosuch busybox true',
      'docker kill c1',
      'docker container pause c1',
      'docker exec c1 true',
      'docker top c1',
      'docker container rm c2',
      'docker run -d --restart on-failure:-1 busybox true',
      'docker run -d --restart always:3 busybox true',
      'docker run --rm --name clash -p "$(docker port web 80):80" busybox true',
      'docker ps --filter status=nosuch',
      'docker ps --filter nosuch=1',
      'docker container prune -f --filter nosuch=1',
      'docker inspect --type image limited; docker inspect --type container busybox; docker inspect nosuch',
    ],
  },
  {
    because: 'Answers have the fields of API 1.51, and lack those it has dropped since 1.41',
    fields: ['stdout'],
    steps: [
      "docker version --format '{{json .Server}}'",
      "docker info --format '{{json .}}'",
      'docker network inspect bridge',
      'docker network inspect none',
      'docker image inspect busybox',
      'docker image inspect made:1',
      "docker ps -a --filter name=up --format '{{json .}}'",
      'docker inspect plain',
      "docker inspect plain --format '{{json .HostConfig}}'",
      'docker inspect limited',
      "docker inspect limited --format '{{json .HostConfig}}'",
    ],
  },
  {
    because: 'The runtime is crun: its words for a program it cannot start',
    fields: ['stderr'],
    steps: [
      'docker run --rm made:1',
      'docker run --rm busybox nosuchcommand',
      'docker run --rm busybox /nosuch/command',
    ],
  },
  {
    because:
      'The runtime is crun: /dev/core, and /dev/null of the host over masked files; /proc/interrupts is masked as in Docker 28',
    fields: ['stdout'],
    steps: [
      'docker run --rm busybox ls /dev',
      'docker run --rm busybox sh -c \'cut -d" " -f2,3 /proc/mounts | grep -v ^/etc\'',
    ],
  },
  {
    because: 'The files in /etc are written as Docker 28 writes them',
    fields: ['stdout'],
    steps: [
      "docker run --rm --hostname box --add-host db:192.0.2.9 busybox sh -c 'cat /etc/hosts'",
      'docker run --rm --dns 192.0.2.53 --dns-search example.org --dns-option ndots:2 busybox cat /etc/resolv.conf',
    ],
  },
  {
    because: 'The same refusal in words of our own',
    fields: ['stderr'],
    steps: [
      'echo no archive | docker load',
      'docker save nosuch',
      'docker run --rm --isolation nosuch busybox true',
      'docker ps --filter before=nosuch',
    ],
  },
  {
    because: 'An image is removed as one thing: its layers have no ids of their own, as in Docker 29',
    fields: ['stdout'],
    steps: ['docker rmi made:1'],
  },
  {
    because: NOT_YET,
    fields: ['stderr'],
    steps: ['docker run --rm --link nosuch busybox true'],
  },
  { because: NOT_YET, fields: ['stdout', 'stderr'], steps: ['docker cp there:/etc/passwd - | wc -c'] },
  { because: NOT_YET, fields: ['exitCode', 'stderr'], steps: ['docker diff there'] },
  {
    because: NOT_YET,
    fields: ['exitCode', 'stdout', 'stderr'],
    steps: [
      'docker commit there made',
      'docker export there | tar t | grep -c bin/busybox',
      'docker stats --no-stream --format "{{.Name}}" there',
      'docker update --cpu-shares 5 there',
      'docker network create mine',
      'docker system df --format "{{.Type}}"',
      'docker rm there; docker rmi made; docker network rm mine',
    ],
  },
  {
    because: DEFECT,
    fields: ['stdout'],
    steps: [
      'docker volume inspect data',
      "docker volume inspect data --format '{{.Mountpoint}} {{.Driver}} {{.Scope}} {{json .Labels}} {{json .Options}}'",
      'docker images example.com/team/box',
      "docker images --filter reference='example.com/*/*' --format '{{.Repository}}'",
      'docker ps -q --filter publish=80 | wc -l; docker ps -q --filter expose=8080/tcp | wc -l',
      "docker inspect -s limited --format '{{.SizeRootFs}}'",
      `from=$(date +%s.%N); docker volume create told >/dev/null; docker run --rm --network none -v told:/t busybox true; docker volume rm told >/dev/null; docker events --since "$from" --until "$(date +%s.%N)" --filter type=volume --filter volume=told --format '{{.Action}} {{.Actor.ID}} {{.Actor.Attributes.destination}}'`,
    ],
  },
  {
    because: DEFECT,
    fields: ['stderr'],
    steps: [
      'docker rmi "$(docker images -q --no-trunc busybox:latest)"',
      'docker run --rm --cap-add nosuch busybox true',
      'docker run --rm --cpuset-cpus 999 busybox true',
      'docker run --rm -v "$ROOT/host:in" busybox true',
      'docker run --rm -v "$ROOT/host:/" busybox true',
      'docker run --rm --volumes-from nosuch busybox true',
      'docker top c1 -o nosuch',
      'docker exec c1 echo paused',
      'docker rename c2 "bad name"',
      'docker stop c2; docker kill c2; docker restart c2; docker wait c2; docker logs c2; docker port c2; docker top c2',
      'docker events --since 2 --until 1',
    ],
  },
  { because: DEFECT, fields: ['exitCode', 'stderr'], steps: ['docker run --rm busybox /etc'] },
  {
    because: DEFECT,
    fields: ['exitCode', 'stdout', 'stderr'],
    steps: [
      'docker run --rm --ipc host busybox echo ipc',
      'docker exec -w /nosuch host pwd',
      'docker exec -u nosuch host id',
      'docker exec host nosuchcommand',
      'docker exec host /etc',
    ],
  },
];

/** What may and must differ of a step, and why. */
export function expectedOf(run: string): { readonly fields: readonly Field[]; readonly because: string } | undefined {
  return EXPECTED.find(({ steps }) => steps.includes(run));
}
