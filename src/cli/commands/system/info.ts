import type { SystemInfo } from '../../../api/types/system.ts';
import type { Command, CommandContext } from '../../command.ts';
import { INSPECT_FORMAT_FLAG } from '../../format/format-flag.ts';
import { formatServerInfo } from '../../format/info-text.ts';
import { type ClientFacts, clientFacts } from './client-facts.ts';

/** `docker info`. */
export const info: Command = {
  usage: 'docker info [OPTIONS]',
  description: 'Display system-wide information',
  flags: [INSPECT_FORMAT_FLAG],
  args: { min: 0, max: 0 },
  async run(context, { flags }) {
    const format = flags.text('format');
    const templates = format === '' ? undefined : await import('../../format/system-template.ts');
    const template = templates?.parseSystemTemplate(format, '');
    const answer = await context.api
      .json<SystemInfo>('GET', '/info')
      .then((server) => ({ server, problem: undefined }))
      .catch((problem: unknown) => ({ server: undefined, problem }));
    const client = await clientFacts(context);
    if (templates && template) {
      const parsed = { ...answer.server, ClientInfo: clientInfo(context, client) };
      templates.printSystemTemplate(template, 'system.dockerInfo', parsed, context.out, answer.problem);
    } else {
      printText(context, client, answer.server);
    }
    if (answer.problem !== undefined) throw answer.problem;
    return 0;
  },
};

function clientInfo({ config }: CommandContext, client: ClientFacts): Record<string, unknown> {
  const { ApiVersion: _asked, ...facts } = client;
  return { Debug: config.debug ?? false, ...facts, Plugins: [], Warnings: null };
}

function printText({ out, err, config }: CommandContext, client: ClientFacts, server: SystemInfo | undefined): void {
  const debug = config.debug ?? false;
  out(`Client:\n Version:    ${client.Version}\n Context:    ${client.Context}\n Debug Mode: ${debug}\n\nServer:\n`);
  if (server === undefined) return;
  out(formatServerInfo(server));
  for (const warning of server.Warnings ?? []) err(`${warning}\n`);
}
