import type { Flag } from '../../lib/flags/flag.ts';

const REFER = `Refer to https://docs.docker.com/go/formatting/ for more information about formatting output with templates`;

/** `--format` of lists. */
export const LIST_FORMAT_FLAG: Flag = {
  name: 'format',
  kind: 'string',
  description: `Format output using a custom template:
'table':            Print output in table format with column headers (default)
'table TEMPLATE':   Print output in table format using the given Go template
'json':             Print in JSON format
'TEMPLATE':         Print output using the given Go template.
${REFER}`,
};

const INSPECT_DESCRIPTION = `Format output using a custom template:
'json':             Print in JSON format
'TEMPLATE':         Print output using the given Go template.
${REFER}`;

/** `-f, --format` of inspect, info and version. */
export const INSPECT_FORMAT_FLAG: Flag = {
  name: 'format',
  short: 'f',
  kind: 'string',
  description: INSPECT_DESCRIPTION,
};

/** `--format` of events. */
export const EVENTS_FORMAT_FLAG: Flag = { name: 'format', kind: 'string', description: INSPECT_DESCRIPTION };
