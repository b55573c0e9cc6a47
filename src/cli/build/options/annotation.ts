import type { AskedAnnotation } from '../../../api/build-session/messages.ts';
import { bad, oneOf } from './fields.ts';

const LEVELS = ['manifest', 'manifest-descriptor', 'index', 'index-descriptor'] as const;

/** `[LEVEL[PLATFORM],...:]KEY=VALUE`, one for each level. Errors: invalid_parameter. */
export function parseAnnotation(text: string): readonly AskedAnnotation[] {
  const at = text.indexOf('=');
  if (at <= 0) throw bad(`invalid annotation ${JSON.stringify(text)}, expected key=value`);
  const [left, value] = [text.slice(0, at), text.slice(at + 1)];
  const [, levels = 'manifest', key = ''] = /^(?:((?:[a-z-]+(?:\[[^\]]*\])?,?)+):)?(.+)$/.exec(left) ?? [];
  return levels.split(',').map((level) => {
    const [, name = '', platform] = /^([a-z-]+)(?:\[([^\]]*)\])?$/.exec(level) ?? [];
    const kind = oneOf('annotation', 'type', name, LEVELS);
    return { level: kind, ...(platform === undefined ? {} : { platform }), key, value };
  });
}
