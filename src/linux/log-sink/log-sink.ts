/** Where output of containers goes besides the file: syslog, GELF, fluentd's forward protocol, systemd's journal. */
export interface LogSinks {
  /**
   * Opens a way to the remote; it is connected when it resolves (UDP: its name is resolved). With `signal` aborted it gives up.
   * Errors: `system`, in Go's words for connections (`dial tcp 127.0.0.1:1: connect: connection refused`), or `journald is not enabled on this host`.
   */
  open(remote: RemoteLog, options: { readonly signal: AbortSignal }): Promise<LogSink>;
}

export interface LogSink extends AsyncDisposable {
  /**
   * Hands records over, in order. Resolves when the machine has taken all of them, and where the protocol has an answer, when that has come.
   * Errors: system. Then nobody knows which of them have arrived, and the sink is of no use any more.
   */
  send(records: readonly OutgoingRecord[], options: { readonly signal: AbortSignal }): Promise<void>;
  /**
   * True: what `send` has taken is where it should be (an answer, a datagram). False: a stream without answers, of which the last that was
   * written before it breaks is lost without a word.
   */
  readonly isCertain: boolean;
  /** Resolves with the reason when the remote has gone. Never rejects. */
  readonly broken: Promise<Error>;
}

/** One record of the log: a line, or a part of one. */
export interface OutgoingRecord {
  readonly stream: 'stdout' | 'stderr';
  readonly time: LogTime;
  /** Without the line feed. */
  readonly text: string;
  /** Present on each part of a line that is longer than a record. */
  readonly partial?: PartOfLine;
}

export interface PartOfLine {
  /** The same on all parts of a line. */
  readonly id: string;
  /** From 1. */
  readonly ordinal: number;
  readonly last: boolean;
}

export interface LogTime {
  readonly seconds: number;
  /** Of the second. */
  readonly nanos: number;
}

/** What every protocol tells of the container. */
export interface LogOrigin {
  readonly containerId: string;
  /** Without a slash. */
  readonly containerName: string;
  readonly imageId: string;
  readonly imageName: string;
  readonly command: string;
  /** RFC 3339. */
  readonly created: string;
  readonly tag: string;
  /** Labels and environment that were asked for. */
  readonly extra: Readonly<Record<string, string>>;
}

export type RemoteLog = SyslogRemote | GelfRemote | FluentdRemote | JournaldRemote;

/** `host` may be a name, or an IPv6 address without brackets. */
export type StreamAddress =
  | { readonly kind: 'tcp' | 'tls'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };
export type DatagramAddress =
  | { readonly kind: 'udp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unixgram'; readonly path: string };

export interface TlsOptions {
  /** Paths of PEM files; empty: the system's authorities, no certificate of one's own. */
  readonly caCert: string;
  readonly cert: string;
  readonly key: string;
  readonly skipVerify: boolean;
}

export type SyslogFormat = 'local' | 'rfc3164' | 'rfc5424' | 'rfc5424micro';

export interface SyslogRemote {
  readonly kind: 'syslog';
  readonly origin: LogOrigin;
  /** `local`: the machine's own, wherever its socket is. */
  readonly address: StreamAddress | DatagramAddress | { readonly kind: 'local' };
  /** 0 to 23. */
  readonly facility: number;
  readonly format: SyslogFormat;
  readonly tls: TlsOptions;
}

export interface GelfRemote {
  readonly kind: 'gelf';
  readonly origin: LogOrigin;
  readonly address: { readonly kind: 'udp' | 'tcp'; readonly host: string; readonly port: number };
  readonly compression: 'gzip' | 'zlib' | 'none';
  /** -1 to 9, as zlib counts. */
  readonly compressionLevel: number;
}

export interface FluentdRemote {
  readonly kind: 'fluentd';
  readonly origin: LogOrigin;
  readonly address: StreamAddress;
  /** Times with nanoseconds (EventTime) instead of whole seconds. */
  readonly subSecond: boolean;
  readonly requestAck: boolean;
  /** Records in one message at most. */
  readonly recordsPerMessage: number;
  /** How long one message may take; undefined: 30 s. */
  readonly writeTimeoutMs?: number;
}

export interface JournaldRemote {
  readonly kind: 'journald';
  readonly origin: LogOrigin;
}
