import { isKind, messageOf } from '../../lib/errors.ts';
import { ExitError } from '../exit-error.ts';
import { decodeAs } from './shape/decode.ts';
import { SYSTEM_SHAPES } from './shape/system.ts';
import { parseTemplate, type Template } from './template/template.ts';

const BAD_TEMPLATE_STATUS = 64;

/** The template of `info` or `version`, by its name in errors. Errors: ExitError of status 64 for a bad one. */
export function parseSystemTemplate(format: string, name: string): Template {
  try {
    return parseTemplate(format === 'json' ? '{{json .}}' : format, name);
  } catch (error) {
    if (!isKind(error, 'invalid_parameter', 'not_implemented')) throw error;
    throw new ExitError(BAD_TEMPLATE_STATUS, `template parsing error: ${messageOf(error)}`);
  }
}

/**
 * Prints `parsed` as the Go type by the template; what came before a failure is printed too. `problem`: why the daemon did
 * not answer, which counts more than what the template then misses. Errors: invalid_parameter, `problem`.
 */
export function printSystemTemplate(
  template: Template,
  type: string,
  parsed: unknown,
  out: (text: string) => void,
  problem: unknown,
): void {
  const onFailure = (text: string): void => out(`${text}\n`);
  try {
    out(`${template.execute(decodeAs(SYSTEM_SHAPES, type, parsed), { onFailure })}\n`);
  } catch (error) {
    throw problem ?? error;
  }
}
