import type { ClientPackage } from '../client-package.js';

/** The client library, loaded when a dispatcher first connects. It keeps nothing for later: that is the spool's business. */
export type Library = Pick<typeof import('kafkajs'), 'Kafka' | 'logLevel' | 'CompressionCodecs'>;

/** By what an operator has to type. */
export const KAFKAJS: ClientPackage = { dispatcher: 'kafka', name: 'kafkajs', major: 2 };

export const loadLibrary = async (): Promise<Library> => (await import('kafkajs')).default;
