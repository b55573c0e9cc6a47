import type { Secret } from '../../api/types/secret.ts';

/** `docker secret inspect --pretty` (docker/cli, command/secret/formatter.go). */
export function formatSecret({ ID = '', Spec, CreatedAt = '', UpdatedAt = '' }: Secret): string {
  const labels = Object.entries(Spec?.Labels ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return [
    `ID:              ${ID}`,
    `Name:              ${Spec?.Name ?? ''}`,
    ...(labels.length > 0 ? ['Labels:', ...labels.map(([key, value]) => ` - ${key}${value && `=${value}`}`)] : []),
    // None of this engine has one.
    'Driver:            ',
    `Created at:        ${formatTime(CreatedAt)}`,
    `Updated at:        ${formatTime(UpdatedAt)}`,
    '',
  ].join('\n');
}

/** As Go prints a time in UTC, in lower case. */
function formatTime(time: string): string {
  return time
    .replace('T', ' ')
    .replace(/(\.\d*?)0*Z$/, '$1Z')
    .replace(/\.?Z$/, ' +0000 utc');
}
