/** A resolver: its address, and the file of the network namespace it is asked from; undefined: the host's own. */
export interface DnsServer {
  /** IPv6 may have a zone. */
  readonly address: string;
  readonly netnsPath?: string;
}

/** Asks resolvers, from the host or from inside of a container. */
export interface DnsUpstream {
  /**
   * Sends the query to port 53 of `server` from a port of its own and resolves with the first message that `isAnswer` takes; others are
   * passed over. Ends without an answer when `signal` says so.
   * Errors: deadline; cancelled; system when the server cannot be reached.
   */
  ask(
    server: DnsServer,
    query: Uint8Array,
    via: 'udp' | 'tcp',
    isAnswer: (bytes: Uint8Array) => boolean,
    options: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<Uint8Array>;
}
