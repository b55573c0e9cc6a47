import { statSync } from 'node:fs';
import type { AskedContext } from '../../../api/build-session/messages.ts';
import { isRemote } from '../context.ts';
import { bad } from './fields.ts';

export interface ParsedContext {
  readonly asked: AskedContext;
  /** What the client sends; '' is nothing. */
  readonly folder: string;
}

/** `--build-context NAME=FOLDER|docker-image://REF|oci-layout://FOLDER[:TAG][@DIGEST]|URL`. Errors: invalid_parameter. */
export function parseNamedContext(text: string): ParsedContext {
  const at = text.indexOf('=');
  const [key, value] = [text.slice(0, at), text.slice(at + 1)];
  if (at <= 0 || value === '') throw bad(`invalid context value: ${text}, expected key=value`);
  const [name = '', platform] = key.split('::');
  const head = { name, ...(platform === undefined ? {} : { platform }) };
  const [, scheme, rest = ''] = /^(docker-image|oci-layout):\/\/(.+)$/.exec(value) ?? [];
  if (scheme === 'docker-image') return { asked: { ...head, source: { kind: 'image', reference: rest } }, folder: '' };
  if (scheme === 'oci-layout') {
    const [, path = '', tag = '', digest = ''] =
      /^(.*?)(?::([\w][\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$/.exec(rest) ?? [];
    demandFolder(path);
    return { asked: { ...head, source: { kind: 'oci-layout', tag, digest } }, folder: path };
  }
  if (isRemote(value)) return { asked: { ...head, source: { kind: 'remote', url: value } }, folder: '' };
  demandFolder(value);
  return { asked: { ...head, source: { kind: 'tar' } }, folder: value };
}

function demandFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw bad(`failed to get build context path ${path}: no such directory`);
}
