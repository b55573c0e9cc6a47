import type { Field } from './step.ts';

/** Differences that are meant, and why. Each must show: a step that no longer differs so is an error too. */
export interface Difference {
  readonly because: string;
  readonly fields: readonly Field[];
  /** A client of 20.10 does not show it. */
  readonly newClient?: boolean;
  /** The steps' command lines. */
  readonly steps: readonly string[];
}

export const EXPECTED: readonly Difference[] = [
  {
    because: 'Errors are worded as Docker 28 words them',
    fields: ['stderr'],
    steps: [
      'docker network ls --filter bad=1',
      'docker volume ls --filter bad=1',
      'docker images --filter bad=1',
      'docker import -c "FROM x" "$ROOT/t.tar" made:2',
      'docker run --rm --cpus 999 busybox true',
      'docker run --rm --cpuset-cpus 999 busybox true',
      'docker stop cx; docker kill cx; docker restart cx; docker wait cx; docker logs cx; docker port cx; docker top cx',
      'docker run --rm --runtime nosuch busybox true',
      'docker kill c1',
      'docker container pause c1',
      'docker exec c1 true',
      'docker top c1',
      'docker container rm cx',
      'docker run -d --restart on-failure:-1 busybox true',
      'docker run -d --restart always:3 busybox true',
      'docker run --rm --name clash -p "$(docker port web 80):80" busybox true',
      'docker ps --filter status=nosuch',
      'docker ps --filter nosuch=1',
      'docker container prune -f --filter nosuch=1',
    ],
  },
  {
    because: 'Errors are worded as Docker 28 words them',
    fields: ['stderr'],
    newClient: true,
    steps: [
      'docker image inspect nosuch',
      'docker inspect --type image limited; docker inspect --type container busybox; docker inspect nosuch',
    ],
  },
  {
    because: 'Answers have the fields of API 1.51, and lack those it has dropped since 1.41',
    fields: ['stdout'],
    newClient: true,
    steps: ["docker ps -a --filter name=up --format '{{json .}}'"],
  },
  {
    because: 'Answers have the fields of API 1.51, and lack those it has dropped since 1.41',
    fields: ['stdout'],
    steps: [
      "docker info --format '{{json .}}'",
      'docker network inspect bridge',
      'docker network inspect none',
      'docker image inspect busybox',
      'docker image inspect made:1',
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
      'docker run --rm busybox /etc',
    ],
  },
  {
    because: 'The runtime is crun: its words for a program it cannot start',
    fields: ['stdout'],
    steps: ['docker exec host /etc'],
  },
  {
    because: 'A program or folder that an exec does not find is exit code 127, as in Docker 28 and as with run',
    fields: ['exitCode', 'stdout'],
    steps: ['docker exec host nosuchcommand', 'docker exec -w /nosuch host pwd'],
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
    because: 'A volume that is there already is not created: its event comes once, as from Docker 23 on',
    fields: ['stdout'],
    steps: [
      `from=$(date +%s.%N); docker volume create told >/dev/null; docker run --rm --network none -v told:/t busybox true; docker volume rm told >/dev/null; docker events --since "$from" --until "$(date +%s.%N)" --filter type=volume --filter volume=told --format '{{.Action}} {{.Actor.ID}} {{.Actor.Attributes.destination}}'`,
    ],
  },
];

/** What may and must differ of a step, and why, with a client of this version. */
export function expectedOf(run: string, clientVersion: string): Difference | undefined {
  const oldClient = clientVersion.startsWith('20.10.');
  return EXPECTED.find(({ steps, newClient }) => steps.includes(run) && !(newClient && oldClient));
}
