import { updateBodyAs } from '../../api/compat/container.ts';
import type { ContainerResourcesService } from '../../engine/container/resources/service.ts';
import { type Call, flag, type Route } from '../route.ts';

export function containerResourcesRoutes(resources: ContainerResourcesService): readonly Route[] {
  return [
    { method: 'GET', path: '/containers/{name}/stats', handle: async (call) => await stats(call, resources) },
    {
      method: 'POST',
      path: '/containers/{name}/update',
      handle: async (call) =>
        call.answerJson(
          200,
          await resources.update(call.params['name'] ?? '', updateBodyAs(call.apiVersion, await call.json())),
        ),
    },
  ];
}

async function stats(call: Call, resources: ContainerResourcesService): Promise<void> {
  const options = { stream: flag(call.query, 'stream', true), oneShot: flag(call.query, 'one-shot') };
  const samples = await resources.stats(call.params['name'] ?? '', options, call.signal);
  const answer = call.answerStream(200, 'application/json');
  for await (const sample of samples) await answer.write(`${JSON.stringify(sample)}\n`);
  answer.end();
}
