import type { StepGroup } from '../step.ts';

export const imageSteps: readonly StepGroup[] = [
  {
    title: 'images',
    steps: [
      { run: 'docker load -i "$BUSYBOX"' },
      { run: 'docker load -q < "$BUSYBOX"' },
      { run: 'echo no archive | docker load' },
      { run: 'docker images' },
      { run: "docker images --format '{{.Repository}}:{{.Tag}} {{.ID}} {{.Size}}'" },
      { run: 'docker images --no-trunc -q' },
      { run: 'docker tag busybox:latest example.com/team/box:v1' },
      { run: 'docker tag busybox Bad:Name' },
      { run: 'docker tag busybox bad:na:me' },
      { run: 'docker tag nosuch other' },
      { run: 'docker images example.com/team/box' },
      { run: "docker images --filter reference='example.com/*/*' --format '{{.Repository}}'" },
      { run: 'docker images --filter dangling=true -q' },
      { run: 'docker images --filter bad=1' },
      { run: 'docker image inspect busybox', view: 'keys' },
      {
        run: "docker image inspect busybox --format '{{.Id}} {{json .RepoTags}} {{.Architecture}} {{.Os}} {{json .RootFS}}'",
      },
      {
        run: "docker image inspect busybox --format '{{json .Config.Cmd}} {{json .Config.Env}} {{.Created}} {{.Author}}'",
      },
      { run: 'docker image inspect nosuch' },
      { run: 'docker history busybox' },
      { run: "docker history --no-trunc --format '{{.CreatedBy}}|{{.Comment}}|{{.Size}}' busybox" },
      { run: 'docker history nosuch' },
      { run: 'docker save busybox:latest | tar -xO manifest.json', view: 'keys' },
      { run: 'docker save nosuch' },
      { run: 'docker rmi example.com/team/box:v1' },
      { run: 'docker rmi nosuch' },
      { run: 'docker create --name holder busybox:1.35.0' },
      { run: 'docker tag busybox second' },
      { run: 'docker rmi "$(docker images -q --no-trunc busybox:latest)"' },
      { run: 'docker rmi second busybox:1.35.0' },
      { run: 'docker rmi busybox:latest' },
      { run: 'docker tag busybox:latest busybox:1.35.0' },
      { run: 'docker rm holder' },
      { run: 'docker image prune -f' },
    ],
  },
  {
    title: 'import',
    steps: [
      { run: 'mkdir -p "$ROOT/t/bin" && echo made >"$ROOT/t/file" && tar -C "$ROOT/t" -cf "$ROOT/t.tar" .' },
      {
        run: 'docker import -m "by hand" -c \'CMD ["cat","/file"]\' -c "ENV A=b" -c "EXPOSE 80" "$ROOT/t.tar" made:1',
      },
      {
        run: "docker image inspect made:1 --format '{{json .Config.Cmd}} {{json .Config.Env}} {{.Comment}} {{json .Config.ExposedPorts}}'",
      },
      { run: 'docker image inspect made:1', view: 'keys' },
      { run: "docker history --format '{{.CreatedBy}}|{{.Comment}}' made:1" },
      { run: 'docker import -c "FROM x" "$ROOT/t.tar" made:2' },
      { run: 'docker import "$ROOT/t.tar" Bad' },
      { run: 'docker run --rm made:1' },
      { run: 'docker rmi made:1' },
    ],
  },
];
