import { KnownError } from '../../../lib/errors.ts';
import { quote } from './quote.ts';

/** A piece of a template: where it starts and how Go prints it. */
export interface Place {
  readonly at: number;
  readonly text: string;
}

/** invalid_parameter `template: NAME:1:2: executing "NAME" at <.X>: problem`; the column counts bytes. */
export function failure(name: string, source: string, place: Place, problem: string): KnownError {
  const before = source.slice(0, place.at);
  const line = before.split('\n').length;
  const column = Buffer.byteLength(before.slice(before.lastIndexOf('\n') + 1));
  const where = `template: ${name}:${line}:${column}: executing ${quote(name)} at <${place.text}>`;
  return new KnownError('invalid_parameter', `${where}: ${problem}`);
}
