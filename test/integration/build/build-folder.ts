import type { TestDaemon } from '../../helpers/daemon.ts';

export interface BuildAnswer {
  /** What the build told, put together. */
  readonly text: string;
  /** The image's id. */
  readonly id: string | undefined;
  readonly error: string | undefined;
}

/** Sends a folder as the context of a classic build. */
export async function buildFolder(
  daemon: TestDaemon,
  folder: string,
  query: Readonly<Record<string, string>>,
): Promise<BuildAnswer> {
  const body = Bun.spawnSync(['tar', '-C', folder, '-cf', '-', '.']).stdout;
  return await postBuild(daemon, body, query);
}

export async function postBuild(
  daemon: TestDaemon,
  body: Uint8Array | undefined,
  query: Readonly<Record<string, string>>,
): Promise<BuildAnswer> {
  const url = `http://localhost/v1.51/build?${new URLSearchParams(query).toString()}`;
  const answer = await fetch(url, {
    method: 'POST',
    unix: daemon.socket,
    ...(body && { body: new Blob([body.slice()]) }),
  });
  const lines = (await answer.text()).split('\n').filter((line) => line.trim() !== '');
  const objects = lines.map((line) => JSON.parse(line) as Record<string, never>);
  return {
    text: objects.map(({ stream }) => stream ?? '').join(''),
    id: objects.map(({ aux }) => (aux as { ID?: string } | undefined)?.ID).find((id) => id !== undefined),
    error: objects.map(({ error, message }) => error ?? message).find((text) => text !== undefined),
  };
}
