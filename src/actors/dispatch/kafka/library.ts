/** The client library, loaded when a dispatcher first connects. It keeps nothing for later: that is the spool's business. */
export type Library = Pick<typeof import('kafkajs'), 'Kafka' | 'logLevel' | 'CompressionCodecs'>;

export const loadLibrary = async (): Promise<Library> => (await import('kafkajs')).default;
