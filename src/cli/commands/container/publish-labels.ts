import { KnownError } from '../../../lib/errors.ts';

/** `--published-ports` as the labels that the daemon reads, which an unmodified client gives by `--label`. Errors: invalid_parameter. */
export function publishLabels(values: readonly string[]): readonly string[] {
  return values.map((value) => {
    const [, port, mode] = /^(?:(\d{1,5}(?:\/(?:tcp|udp|sctp))?)=)?(docker|host-firewall)$/.exec(value) ?? [];
    if (mode === undefined)
      throw new KnownError(
        'invalid_parameter',
        `invalid argument ${JSON.stringify(value)} for "--published-ports" flag: docker, host-firewall or PORT[/PROTO]= before one of them`,
      );
    return `skiff.published-ports${port === undefined ? '' : `.${port}`}=${mode}`;
  });
}
