/** The `redis` section of the reference's file; times in nanoseconds (FT-RED-6). */
export interface RedisSection {
  readonly addrs?: readonly string[];
  readonly username?: string;
  readonly password?: string;
  readonly db?: number;
  readonly tls?: { readonly ca_file?: string; readonly server_cert?: string; readonly server_key?: string };
  readonly override_tls_server_name?: boolean;
  readonly cluster_mode?: boolean;
  readonly publish_vin_topics?: boolean;
  readonly subscriber_set_prefix?: string;
  readonly publish_timeout?: number;
  readonly pool?: Readonly<Record<string, number>> & { readonly read_timeout?: number };
}

export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

/** The `redis` dispatcher. */
export interface RedisDispatcherSettings {
  readonly addresses: readonly RedisAddress[];
  /** Whether the addresses are those of a cluster (FT-RED-6). */
  readonly isCluster: boolean;
  readonly username: string;
  readonly password: string;
  readonly db: number;
  /** Paths of PEM files, each empty if there is none; undefined: no TLS. */
  readonly tls: RedisTlsSettings | undefined;
  readonly publishVinTopics: boolean;
  /** Empty: no sets of subscribers are kept. */
  readonly subscriberSetPrefix: string;
  /** For the answer to one command. */
  readonly publishTimeoutMs: number;
}

export interface RedisTlsSettings {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  /** Which name every node's certificate has to have; undefined: that of its address. */
  readonly serverName: string | undefined;
}

/** A `host:port`; without a host this machine, IPv6 in brackets. */
export function redisAddress(text: string): RedisAddress | undefined {
  const [, bracketed, plain = '', digits] = /^(?:\[([^\]]+)\]|([^:[\]/@\s]*)):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port < 1 || port > 65_535) return undefined;
  return { host: bracketed ?? (plain === '' ? '127.0.0.1' : plain), port };
}
