import type { CommandResult } from '../helpers/docker-cli.ts';
import { EXPECTED, expectedOf } from './expected.ts';
import type { Step } from './step.ts';

/** The page is written with a client that shows every difference. */
const NEWEST = '28.0.0';

/** docs/differences.md: every difference to Docker 20.10 that the comparison knows and means, with what both sides answer. */
export function differencesPage(
  compared: readonly { readonly step: Step; readonly ours: CommandResult; readonly theirs: CommandResult }[],
): string {
  const differing = compared.filter(({ step }) => expectedOf(step.run, NEWEST) !== undefined);
  const reasons = [...new Set(EXPECTED.map(({ because }) => because))];
  const sections = reasons.map((because) => {
    const entries = differing.filter(({ step }) => expectedOf(step.run, NEWEST)?.because === because);
    return [`## ${because}`, ...entries.map(entry)].join('\n\n');
  });
  return `# Differences to Docker 20.10

Made by \`bun test/clients/side-by-side.ts --write\`: the unmodified docker client runs ${compared.length} command lines against our daemon and
against Debian's dockerd 20.10. ${compared.length - differing.length} are answered alike: exit code, output and error text, but for ids, times, sizes and addresses.
These ${differing.length} are not, and are meant to be so. An image's id is here the digest of its manifest, as in Docker 29, and there that of its config;
both are taken as the same below.

${sections.join('\n\n')}
`;
}

function entry(one: { readonly step: Step; readonly ours: CommandResult; readonly theirs: CommandResult }): string {
  const fields = expectedOf(one.step.run, NEWEST)?.fields ?? [];
  const parts = fields.flatMap((field) => {
    if (field === 'exitCode') return [`exit code ${one.ours.exitCode} here, ${one.theirs.exitCode} there`];
    return changedLines(one.ours[field], one.theirs[field]);
  });
  return ['```', `$ ${one.step.run}`, ...parts, '```'].join('\n');
}

/** Lines that only one side has: `+` ours, `-` theirs. */
function changedLines(ours: string, theirs: string): readonly string[] {
  const [mine, other] = [ours.split('\n'), theirs.split('\n')];
  return [
    ...other.filter((line) => !mine.includes(line)).map((line) => `- ${line}`),
    ...mine.filter((line) => !other.includes(line)).map((line) => `+ ${line}`),
  ];
}
