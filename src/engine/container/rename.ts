import { KnownError } from '../../lib/errors.ts';
import { type ContainerContext, publish } from './context.ts';
import { checkName } from './create.ts';
import { invalid } from './errors.ts';
import type { LiveContainer } from './live.ts';

/** Under the lock. Errors: invalid_parameter, conflict. */
export function renameContainer(ctx: ContainerContext, live: LiveContainer, newName: string): void {
  const name = newName.replace(/^\//, '');
  const oldName = live.record.name;
  if (name === '') throw invalid('Neither old nor new names may be empty');
  if (name === oldName) throw invalid('Renaming a container with the same name as its current name');
  try {
    checkName(ctx, name);
    ctx.table.rename(live, name);
    ctx.networking.rename(live.record.id, name);
  } catch (error) {
    if (!(error instanceof KnownError)) throw error;
    const text = error.message.replace(`name (${name})`, `name (/${name})`);
    throw new KnownError(error.kind, `Error when allocating new name: ${text}`, { cause: error });
  }
  publish(ctx, live.record, 'rename', { oldName: `/${oldName}` });
}
