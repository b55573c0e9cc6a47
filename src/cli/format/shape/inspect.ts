import { isKind, KnownError } from '../../../lib/errors.ts';
import { decodeParsed, parseExact } from '../template/json.ts';
import { parseTemplate, type Template } from '../template/template.ts';
import { decodeAs, type Shapes } from './decode.ts';

/** Prints one inspected object by a template. */
export interface TemplateInspector {
  /** The text and a newline. `typeName`: its Go type. Errors: invalid_parameter `template parsing error: ...`. */
  format(json: string, typeName: string): string;
}

/**
 * The template sees the object as Go's type; where that has no such field it sees the JSON, every key of which must be
 * there. Errors: invalid_parameter `template parsing error: ...`.
 */
export function createInspector(source: string, shapes: Shapes): TemplateInspector {
  const template = parsed(source);
  return {
    format(json, typeName) {
      const object = parseExact(json);
      try {
        return `${template.execute(decodeAs(shapes, typeName, object))}\n`;
      } catch (error) {
        if (!isKind(error, 'invalid_parameter')) throw error;
        return `${wrapped(() => template.execute(decodeParsed(object), { strict: true }))}\n`;
      }
    },
  };
}

function parsed(source: string): Template {
  return wrapped(() => parseTemplate(source));
}

function wrapped<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!isKind(error, 'invalid_parameter', 'not_implemented')) throw error;
    throw new KnownError(error.kind, `template parsing error: ${error.message}`, { cause: error });
  }
}
