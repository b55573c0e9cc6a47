import { type ExecuteOptions, executeNodes } from './execute.ts';
import { FUNCTIONS, HEADER_FUNCTIONS } from './functions.ts';
import { parseNodes } from './parse.ts';
import type { Value } from './value.ts';

/** A parsed template of Go's text/template with docker's functions. */
export interface Template {
  /** Errors: invalid_parameter with Go's text. */
  execute(data: Value, options?: ExecuteOptions): string;
  /** The line of headings of a table: functions that change texts leave the titles alone. */
  executeHeader(titles: Value): string;
}

/** Errors: invalid_parameter `template: :1: ...`; not_implemented for define, template and block. */
export function parseTemplate(text: string, name = ''): Template {
  const nodes = parseNodes(text, (word) => Object.hasOwn(FUNCTIONS, word), name);
  return {
    execute: (data, options) => executeNodes(nodes, text, FUNCTIONS, data, { name, ...options }),
    executeHeader: (titles) => executeNodes(nodes, text, HEADER_FUNCTIONS, titles),
  };
}
