import type { EventMessage } from '../../../api/types/event.ts';
import { isKind, KnownError, messageOf } from '../../../lib/errors.ts';
import type { Command } from '../../command.ts';
import { ExitError } from '../../exit-error.ts';
import { FILTER_FLAG, formatFilters } from '../../format/filter-query.ts';
import { EVENTS_FORMAT_FLAG } from '../../format/format-flag.ts';
import { formatNanos } from '../../format/time.ts';
import { parseTimestamp } from '../../parse/timestamp.ts';

const BAD_TEMPLATE_STATUS = 64;

/** `docker events`: until the daemon ends the stream. */
export const events: Command = {
  usage: 'docker events [OPTIONS]',
  description: 'Get real time events from the server',
  flags: [
    FILTER_FLAG,
    EVENTS_FORMAT_FLAG,
    { name: 'since', kind: 'string', description: 'Show all events created since timestamp' },
    { name: 'until', kind: 'string', description: 'Stream events until this timestamp' },
  ],
  args: { min: 0, max: 0 },
  async run({ api, out }, { flags }) {
    const print = await createPrinter(flags.text('format'));
    const now = Date.now();
    const query = {
      since: toTime(flags.text('since'), now),
      until: toTime(flags.text('until'), now),
      filters: formatFilters(flags.list('filter')),
    };
    const response = await api.send('GET', '/events', { query });
    for await (const line of readLines(response.body)) out(print(line));
    return 0;
  },
};

function toTime(text: string, nowMs: number): string {
  try {
    return parseTimestamp('', text, nowMs);
  } catch (error) {
    if (!isKind(error, 'invalid_parameter')) throw error;
    const problem = `failed to parse value as time or duration: ${JSON.stringify(text)}`;
    throw new KnownError('invalid_parameter', problem, { cause: error });
  }
}

type Printer = (line: string) => string;

async function createPrinter(format: string): Promise<Printer> {
  if (format === '') return (line) => formatEvent(line);
  const { parseTemplate } = await import('../../format/template/template.ts');
  const { parseExact } = await import('../../format/template/json.ts');
  const { decodeAs } = await import('../../format/shape/decode.ts');
  const { SYSTEM_SHAPES } = await import('../../format/shape/system.ts');
  return explained(() => {
    const template = parseTemplate(format === 'json' ? '{{json .}}' : format);
    const print: Printer = (line) =>
      `${template.execute(decodeAs(SYSTEM_SHAPES, '*events.Message', parseExact(line)))}\n`;
    // A template that cannot work is refused before the daemon is asked.
    print('{}');
    return print;
  });
}

function explained<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!isKind(error, 'invalid_parameter', 'not_implemented')) throw error;
    throw new ExitError(BAD_TEMPLATE_STATUS, `Error parsing format: ${messageOf(error)}`);
  }
}

/** `2026-11-24T02:14:18.899000000Z container die 17f5 (exitCode=3, name=c2)`. */
function formatEvent(line: string): string {
  const event = JSON.parse(line) as EventMessage;
  const nanos = /"timeNano":\s*(\d+)/.exec(line)?.[1];
  const at = nanos === undefined ? BigInt(event.time ?? 0) * 1_000_000_000n : BigInt(nanos);
  const attributes = Object.entries(event.Actor?.Attributes ?? {})
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`);
  const details = attributes.length > 0 ? ` (${attributes.join(', ')})` : '';
  return `${formatNanos(at)} ${event.Type ?? ''} ${event.Action ?? ''} ${event.Actor?.ID ?? ''}${details}\n`;
}

async function* readLines(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') yield line;
  }
  if (rest.trim() !== '') yield rest;
}
