/** What skiff says of a published port, at GET /containers/{id}/ports. Docker has no such thing. */
export interface PortExplanation {
  /** `80/tcp` of the container. */
  readonly Port: string;
  readonly HostIp: string;
  /** Empty: the port is open at the container's own address. */
  readonly HostPort: string;
  /** Where it leads: `172.17.0.2:80`. */
  readonly Target: string;
  /** The container's network that it goes through. */
  readonly Network: string;
  readonly From: readonly PortReach[];
}

export interface PortReach {
  /** loopback and host: this host, by a loopback address and by another one; network: containers of the same network; others: of other ones. */
  readonly Where: 'loopback' | 'host' | 'outside' | 'network' | 'others';
  /** rules: as the host's own rules say. */
  readonly Reached: 'yes' | 'no' | 'rules';
  /** By which rule, or what is in the way. */
  readonly Why: string;
}
