import type { PortForward } from '../../linux/firewall/firewall.ts';

/** Endpoints of running containers, durable: no address or port is handed out twice, whatever crashes. */
export interface NetworkRecords {
  list(): readonly EndpointRecord[];
  put(record: EndpointRecord): void;
  remove(containerId: string): void;
  /** A value kept under that name. */
  fact(name: string): string | undefined;
  /** Keeps a value, instead of an earlier one; returns it. */
  keepFact(name: string, value: string): string;
}

export interface EndpointRecord {
  readonly containerId: string;
  readonly containerName: string;
  readonly network: 'bridge' | 'none' | 'host';
  readonly endpointId: string;
  readonly sandboxId: string;
  /** undefined for host networking. */
  readonly netnsPath?: string;
  /** Of the bridge network only. */
  readonly bridged?: { readonly ip: string; readonly mac: string; readonly hostLink: string };
  readonly forwards: readonly PortForward[];
  readonly exposed: readonly string[];
}
