import { KnownError } from '../../lib/errors.ts';
import type { SyntaxNode } from '../parse/node.ts';
import { withSuggestion } from '../parse/suggest.ts';
import { parseDevice } from './device.ts';
import { parseFlags } from './flags.ts';
import type { CommandLine, NetworkMode, RunInstruction, SecurityMode, Written } from './instruction.ts';
import { checkMountShape } from './mount.ts';

const FLAGS = { mount: 'list', network: 'text', security: 'text', device: 'list' } as const;

/** Errors: invalid_parameter. */
export function parseRun(node: SyntaxNode, written: Written): RunInstruction {
  const flags = parseFlags(node.flags, FLAGS);
  const mounts = flags.list('mount');
  for (const mount of mounts) checkMountShape(mount);
  return {
    kind: 'run',
    ...written,
    command: commandLine(node),
    heredocs: node.heredocs,
    mounts,
    network: networkMode(flags.text('network')),
    security: securityMode(flags.text('security')),
    devices: flags.list('device').map(parseDevice),
  };
}

/** The shell or exec form of RUN, CMD and ENTRYPOINT. Nothing at all is a shell form without text. */
export function commandLine({ arguments: args }: SyntaxNode): CommandLine {
  if (args.kind === 'json') return { words: args.words, shell: false };
  return { words: args.kind === 'text' ? [args.text] : [], shell: true };
}

function networkMode(text: string): NetworkMode {
  if (text === '' || text === 'default') return 'default';
  if (text === 'none' || text === 'host') return text;
  throw invalid(
    withSuggestion(`network type ${JSON.stringify(text)} is not supported`, text, ['default', 'none', 'host']),
  );
}

function securityMode(text: string): SecurityMode {
  if (text === '' || text === 'sandbox') return 'sandbox';
  if (text === 'insecure') return text;
  throw invalid(
    withSuggestion(`security mode ${JSON.stringify(text)} is not supported`, text, ['sandbox', 'insecure']),
  );
}

function invalid(text: string): KnownError {
  return new KnownError('invalid_parameter', text);
}
