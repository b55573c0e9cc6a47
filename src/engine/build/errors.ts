import { KnownError } from '../../lib/errors.ts';

/** A RUN that has ended with another status than 0; clients show the code. */
export class CommandFailed extends KnownError {
  readonly exitCode: number;
  readonly argv: readonly string[];

  constructor(message: string, argv: readonly string[], exitCode: number) {
    super('system', message);
    this.name = 'CommandFailed';
    this.argv = argv;
    this.exitCode = exitCode;
  }
}

export function commandFailed(argv: readonly string[], exitCode: number): CommandFailed {
  return new CommandFailed(`The command '${argv.join(' ')}' returned a non-zero code: ${exitCode}`, argv, exitCode);
}

/** What the classic builder says of options that it never learnt. */
export function needsBuildKit(option: string): KnownError {
  return new KnownError(
    'invalid_parameter',
    `the ${option} option requires BuildKit. Refer to https://docs.docker.com/go/buildkit/ to learn how to build images with BuildKit enabled`,
  );
}

export function notYet(what: string): KnownError {
  return new KnownError('not_implemented', `${what} is not supported by this builder yet`);
}

export function entitlementNeeded(name: string): KnownError {
  return new KnownError('forbidden', `granting entitlement ${name} is not allowed by build client or builder`);
}
