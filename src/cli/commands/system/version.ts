import type { SystemVersion } from '../../../api/types/system.ts';
import type { Command } from '../../command.ts';
import { INSPECT_FORMAT_FLAG } from '../../format/format-flag.ts';
import { alignTabs } from '../../format/tabwriter.ts';
import { type ClientFacts, clientFacts } from './client-facts.ts';

const LAYOUT = { minWidth: 20, padding: 1 };

/** `docker version`. */
export const version: Command = {
  usage: 'docker version [OPTIONS]',
  description: 'Show the Docker version information',
  flags: [INSPECT_FORMAT_FLAG],
  args: { min: 0, max: 0 },
  async run(context, { flags }) {
    const format = flags.text('format');
    const templates = format === '' ? undefined : await import('../../format/system-template.ts');
    const template = templates?.parseSystemTemplate(format, 'version');
    const answer = await context.api
      .json<SystemVersion>('GET', '/version')
      .then((server) => ({ server: withReadableDates(server), problem: undefined }))
      .catch((problem: unknown) => ({ server: undefined, problem }));
    const client = await clientFacts(context);
    if (templates && template) {
      const parsed = { Client: client, Server: answer.server ?? null };
      templates.printSystemTemplate(template, 'system.versionInfo', parsed, context.out, answer.problem);
    } else {
      context.out(alignTabs(formatVersion(client, answer.server), LAYOUT));
    }
    if (answer.problem !== undefined) throw answer.problem;
    return 0;
  },
};

function formatVersion(client: ClientFacts, server: SystemVersion | undefined): string {
  const downgraded =
    client.ApiVersion === client.DefaultAPIVersion ? '' : ` (downgraded from ${client.DefaultAPIVersion})`;
  const lines = [
    'Client:',
    ` Version:\t${client.Version}`,
    ` API version:\t${client.ApiVersion}${downgraded}`,
    ` Go version:\t${client.GoVersion}`,
    ` Git commit:\t${client.GitCommit}`,
    ` Built:\t${client.BuildTime}`,
    ` OS/Arch:\t${client.Os}/${client.Arch}`,
    ` Context:\t${client.Context}`,
    ...(server ? serverLines(server) : []),
  ];
  return `${lines.join('\n')}\n`;
}

function serverLines({ Platform, Components }: SystemVersion): readonly string[] {
  const name = Platform?.Name ? ` ${Platform.Name}` : '';
  return ['', `Server:${name}`, ...(Components ?? []).flatMap(componentLines)];
}

function componentLines(component: NonNullable<SystemVersion['Components']>[number]): readonly string[] {
  const { Name = '', Version = '', Details } = component;
  const detail = (key: string): string => textOf(Details?.[key]);
  if (Name !== 'Engine') {
    const keys = Object.keys(Details ?? {}).sort();
    return [` ${Name}:`, `  Version:\t${Version}`, ...keys.map((key) => `  ${key}:\t${detail(key)}`)];
  }
  return [
    ` ${Name}:`,
    `  Version:\t${Version}`,
    `  API version:\t${detail('ApiVersion')} (minimum version ${detail('MinAPIVersion')})`,
    `  Go version:\t${detail('GoVersion')}`,
    `  Git commit:\t${detail('GitCommit')}`,
    `  Built:\t${detail('BuildTime')}`,
    `  OS/Arch:\t${detail('Os')}/${detail('Arch')}`,
    `  Experimental:\t${detail('Experimental')}`,
  ];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The engine's build time as C's asctime, where it is RFC 3339. */
function withReadableDates(server: SystemVersion): SystemVersion {
  const Components = server.Components?.map((component) => {
    const built = textOf(component.Details?.['BuildTime']);
    if (component.Name !== 'Engine' || !/^\d{4}-\d\d-\d\dT/.test(built)) return component;
    return { ...component, Details: { ...component.Details, BuildTime: formatAnsi(new Date(built)) } };
  });
  return { ...server, ...(Components ? { Components } : {}) };
}

/** `Tue Nov 24 02:11:01 2026`, in UTC. */
function formatAnsi(date: Date): string {
  const [day = '', , month, year, clock] = date.toUTCString().split(' ');
  return `${day.slice(0, 3)} ${month} ${String(date.getUTCDate()).padStart(2)} ${clock} ${year}`;
}
