/** Where containers find the daemon's resolver: 127.0.0.11, port 53, UDP and TCP, inside of their own network namespaces. */
export interface DnsSockets {
  /**
   * Listens in the namespace of that file; `answer` is called with each query, undefined: none is sent. At most 256 queries of a listener are
   * answered at once, and 64 TCP connections are open; what comes beyond that is dropped.
   * Errors: conflict when the port is taken there; system.
   */
  listen(netnsPath: string, answer: Answer): DnsListener;
}

export type Answer = (query: Uint8Array, via: 'udp' | 'tcp') => Promise<Uint8Array | undefined>;

export interface DnsListener {
  /** The namespace can go. A second call does nothing. */
  close(): void;
}
