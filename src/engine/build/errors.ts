import { KnownError } from '../../lib/errors.ts';

/** A RUN that has ended with another status than 0; clients show the code. */
export class CommandFailed extends KnownError {
  readonly exitCode: number;
  /** Undefined where the message says more than the command. */
  readonly argv: readonly string[] | undefined;

  constructor(message: string, exitCode: number, argv?: readonly string[]) {
    super('system', message);
    this.name = 'CommandFailed';
    this.argv = argv;
    this.exitCode = exitCode;
  }

  /** For clients that have words of their own for it. */
  get command(): { readonly argv: readonly string[]; readonly exitCode: number } | undefined {
    return this.argv && { argv: this.argv, exitCode: this.exitCode };
  }
}

export function commandFailed(argv: readonly string[], exitCode: number): CommandFailed {
  return new CommandFailed(`The command '${argv.join(' ')}' returned a non-zero code: ${exitCode}`, exitCode, argv);
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
