import type { VolumeCopies } from '../../engine/volume/volume.ts';
import { KnownError } from '../../lib/errors.ts';
import { parseObject } from '../call.ts';
import { type Call, flag, type Route } from '../route.ts';
import { toTexts } from './text-fields.ts';

/** What Docker's API has no endpoint for: copies, renames and archives of volumes (docs/concepts/volumes.md). */
export function volumeCopyRoutes(copies: VolumeCopies): readonly Route[] {
  const name = (call: Call): string => call.params['name'] ?? '';
  return [
    {
      method: 'POST',
      path: '/volumes/import',
      handle: async (call) => {
        const labels = toTexts(parseObject(call.query.get('labels') || '{}'), 'labels');
        call.answerJson(201, await copies.import({ name: wanted(call), labels }, call.body, call.signal));
      },
    },
    {
      method: 'POST',
      path: '/volumes/{name}/copy',
      handle: async (call) => {
        const labels = toTexts((await call.json())['Labels'], 'Labels');
        const request = { to: wanted(call), labels, force: flag(call.query, 'force') };
        call.answerJson(201, await copies.copy(name(call), request, call.signal));
      },
    },
    {
      method: 'POST',
      path: '/volumes/{name}/rename',
      handle: async (call) => {
        await copies.rename(name(call), wanted(call));
        call.answerEmpty(204);
      },
    },
    {
      method: 'GET',
      path: '/volumes/{name}/export',
      handle: async (call) => {
        const archive = await copies.export(name(call), call.signal);
        const answer = call.answerStream(200, 'application/x-tar');
        for await (const chunk of archive) {
          call.signal.throwIfAborted();
          await answer.write(chunk);
        }
        answer.end();
      },
    },
  ];
}

/** The new volume's name. */
function wanted({ query }: Call): string {
  const name = query.get('name') ?? '';
  if (name === '') throw new KnownError('invalid_parameter', "bad parameter: 'name' cannot be empty");
  return name;
}
