/**
 * Published ports and masquerading of one bridge, in nftables tables of our own. Other tables are never touched. A container without published
 * ports costs no call.
 */
export interface Firewall {
  /** Makes (anew) the table with these forwards. Errors: system with nft's message. */
  reset(subnet: string, forwards: readonly PortForward[]): Promise<void>;
  add(forwards: readonly PortForward[]): Promise<void>;
  /** Fine for what is not there. */
  remove(forwards: readonly PortForward[]): Promise<void>;
  /** Deletes the table; fine when it is gone. */
  destroy(): Promise<void>;
}

export interface PortForward {
  readonly protocol: 'tcp' | 'udp';
  /** `0.0.0.0`: every address of the host. */
  readonly hostIp: string;
  readonly hostPort: number;
  readonly containerIp: string;
  readonly containerPort: number;
}
