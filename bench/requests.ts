import type { Engine } from './engines.ts';

/** POST /containers/create; the new id. */
export async function createByApi(engine: Engine, config: object): Promise<string> {
  const { Id } = (await post(engine, '/containers/create', config)) as { Id: string };
  return Id;
}

export async function startByApi(engine: Engine, id: string): Promise<void> {
  await post(engine, `/containers/${id}/start`);
}

async function post(engine: Engine, path: string, body?: object): Promise<unknown> {
  const json = { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
  const answer = await fetch(`http://d/v1.40${path}`, { method: 'POST', unix: engine.socket, ...(body && json) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`POST ${path}: ${answer.status} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}
