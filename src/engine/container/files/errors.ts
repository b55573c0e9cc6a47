import { KnownError } from '../../../lib/errors.ts';

export const commitRemoved = (id: string, dead: boolean) =>
  new KnownError('conflict', `You cannot commit container ${id} which is ${dead ? 'Dead' : 'being removed'}`);
