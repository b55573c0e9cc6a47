import { formatColumns } from './columns.ts';
import type { Outline, OutlineMount } from './outline.ts';
import { base64, goJson, jsonLocation } from './source-json.ts';

/** The answer in JSON (frontend/subrequests/outline); `source` is the Dockerfile. */
export function formatOutlineJson(outline: Outline, source: string): string {
  const mount = ({ name, required, location }: OutlineMount): object => ({
    name,
    ...(required ? { required } : {}),
    location: jsonLocation(location),
  });
  const list = (name: string, items: readonly object[]): object => (items.length > 0 ? { [name]: items } : {});
  return goJson({
    ...(outline.name ? { name: outline.name } : {}),
    ...(outline.description ? { description: outline.description } : {}),
    ...list(
      'args',
      outline.args.map(({ name, description, value, location }) => ({
        name,
        ...(description ? { description } : {}),
        ...(value ? { value } : {}),
        location: jsonLocation(location),
      })),
    ),
    ...list('secrets', outline.secrets.map(mount)),
    ...list('ssh', outline.ssh.map(mount)),
    ...list(
      'cache',
      outline.caches.map(({ id, location }) => ({ ID: id, location: jsonLocation(location) })),
    ),
    sources: [base64(source)],
  });
}

/** A table for each list that is not empty, an empty line after each. Cache mounts are told in JSON only, as BuildKit does. */
export function formatOutline({ name, description, args, secrets, ssh }: Outline): string {
  const head = [
    ...(name || description ? [['TARGET:', name || '(default)']] : []),
    ...(description ? [['DESCRIPTION:', description]] : []),
  ];
  return [
    block(head, 1),
    block(
      withTitle(
        ['BUILD ARG', 'VALUE', 'DESCRIPTION'],
        args.map((arg) => [arg.name, arg.value, arg.description]),
      ),
      3,
    ),
    block(withTitle(['SECRET', 'REQUIRED'], secrets.map(mountRow)), 3),
    block(withTitle(['SSH', 'REQUIRED'], ssh.map(mountRow)), 3),
  ].join('');
}

function mountRow({ name, required }: OutlineMount): readonly string[] {
  return [name, required ? 'true' : ''];
}

function withTitle(title: readonly string[], rows: readonly (readonly string[])[]): readonly (readonly string[])[] {
  return rows.length > 0 ? [title, ...rows] : [];
}

function block(rows: readonly (readonly string[])[], gap: number): string {
  return rows.length === 0 ? '' : `${formatColumns(rows, gap)}\n`;
}
