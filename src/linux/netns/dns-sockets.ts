/** Where containers find the daemon's resolver: 127.0.0.11, port 53, UDP and TCP, inside of their own network namespaces. */
export interface DnsSockets {
  /**
   * Listens in the namespace of that file. `aside`: at other ports, to which rules in the namespace lead what is sent to port 53, so that a
   * server in the container can have port 53 of every address. At most 64 TCP connections are open; more are closed at once.
   * Errors: conflict when the port is taken there; system.
   */
  listen(netnsPath: string, answer: Answer, options?: { readonly aside?: boolean }): DnsListener;
}

/** undefined: no answer is sent. One that fails sends none either. */
export type Answer = (
  query: Uint8Array,
  via: 'udp' | 'tcp',
) => Promise<Uint8Array | undefined> | Uint8Array | undefined;

export interface DnsListener {
  /** The namespace can go. A second call does nothing. */
  close(): void;
}
