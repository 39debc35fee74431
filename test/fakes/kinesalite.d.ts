declare module 'kinesalite' {
  import type { Server } from 'node:http';

  /** A server of Kinesis' API with its streams in memory. */
  const kinesalite: (options?: { createStreamMs?: number; shardLimit?: number }) => Server;
  export = kinesalite;
}
