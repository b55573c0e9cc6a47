import type { RestartPolicy } from '../../api/types/container.ts';
import { cut, invalid } from '../../lib/invalid.ts';

/** `always`, `on-failure:3`, ... The daemon judges the name. Errors: invalid_parameter. */
export function parseRestartPolicy(text: string): RestartPolicy {
  const [name, count] = cut(text, ':');
  if (count !== undefined && name === '')
    throw invalid('invalid restart policy format: no policy provided before colon');
  if (count && !/^[+-]?\d+$/.test(count)) {
    throw invalid('invalid restart policy format: maximum retry count must be an integer');
  }
  return { Name: name as NonNullable<RestartPolicy['Name']>, MaximumRetryCount: Number(count ?? 0) };
}
