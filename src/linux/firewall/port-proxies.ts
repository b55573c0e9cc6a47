import type { PortForward } from './firewall.ts';

/**
 * Forwards of IPv6 addresses of the host, each by a process of its own: the kernel does not translate IPv6 to the containers' IPv4
 * addresses. The processes outlive the daemon; a file for each says which one it is. A process whose file could not be written ends by itself.
 */
export interface PortProxies {
  /** False on a host without any IPv6 address, loopback included. */
  supported(): boolean;
  /**
   * Holds the port, 0 for any free one, and forwards what comes to it. Resolves when connections are taken.
   * Errors: conflict, `address already in use`; system for an address that is not this host's and for anything else.
   */
  start(forward: PortForward): Promise<{ readonly port: number; readonly pid: number }>;
  /** Resolves when the port is free again; connections end. Fine for one that does not run. */
  stop(forward: PortForward): Promise<void>;
  /** Ends every one that an earlier daemon has left and that is not of `known`. Resolves with those of `known` that do not run. */
  recover(known: readonly PortForward[]): Promise<readonly PortForward[]>;
}
