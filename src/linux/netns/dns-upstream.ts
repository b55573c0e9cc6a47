/** Asks resolvers from the host's own network namespace. */
export interface DnsUpstream {
  /**
   * Sends the query to port 53 of `server` from a port of its own and resolves with the first message that `isAnswer` takes.
   * Errors: deadline; system when the server cannot be reached.
   */
  ask(
    server: string,
    query: Uint8Array,
    via: 'udp' | 'tcp',
    timeoutMs: number,
    isAnswer: (bytes: Uint8Array) => boolean,
  ): Promise<Uint8Array>;
}
