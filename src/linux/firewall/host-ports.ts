/** Host ports held by sockets of the daemon, so that no other process takes them and conflicts are seen at once. */
export interface HostPorts {
  /**
   * Holds a port; 0 asks for a free one. Resolves with the port.
   * Errors: conflict, message ends in `address already in use`; system for an address that is not this host's.
   */
  hold(protocol: 'tcp' | 'udp', ip: string, port: number): Promise<number>;
  /** Fine for one that is not held. */
  release(protocol: 'tcp' | 'udp', ip: string, port: number): Promise<void>;
  /** Whether this kernel can lead SCTP to containers; holding a port of it is beyond it anyway. */
  translatesSctp(): boolean;
}
