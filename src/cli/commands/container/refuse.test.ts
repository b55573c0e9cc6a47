import { expect, test } from 'bun:test';
import { toRunError } from './refuse.ts';

test.each([
  ['exec: "x": executable file not found in $PATH', 127],
  ['exec: "/x": stat /x: no such file or directory', 127],
  ['exec: "/etc": permission denied', 126],
  ['exec: "/etc": is a directory', 126],
  ['no space left on device', 125],
])('%s', (text, status) => {
  const error = toRunError(new Error(text));
  expect(error.status).toBe(status);
  expect(error.message).toBe(`docker: ${text}\n\nRun 'docker run --help' for more information`);
});
