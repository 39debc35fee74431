import { DispatchError } from './errors.js';

/** An optional dependency, by what an operator has to type. */
export interface ClientPackage {
  readonly dispatcher: string;
  readonly name: string;
  readonly major: number;
}

/** The client libraries, each at its dispatcher. The others need none. */
export const CLIENT_PACKAGES = {
  kafka: { dispatcher: 'kafka', name: 'kafkajs', major: 2 },
  redis: { dispatcher: 'redis', name: 'ioredis', major: 6 },
  kinesis: { dispatcher: 'kinesis', name: '@aws-sdk/client-kinesis', major: 3 },
  pubsub: { dispatcher: 'pubsub', name: '@google-cloud/pubsub', major: 5 },
  zmq: { dispatcher: 'zmq', name: 'zeromq', major: 6 },
} as const satisfies Readonly<Record<string, ClientPackage>>;

/** What batches of Kafka are compressed with, where the client library cannot do it. */
export const COMPRESSION_PACKAGES = {
  // Without a frame, as the library of the reference writes it. Consumers take both.
  snappy: { dispatcher: 'kafka', name: 'snappy', major: 7 },
  lz4: { dispatcher: 'kafka', name: 'lz4-napi', major: 2 },
} as const satisfies Readonly<Record<string, ClientPackage>>;

/** Whether a package is there; it is not loaded. */
export function isInstalled({ name }: ClientPackage): boolean {
  try {
    import.meta.resolve(name);
    return true;
  } catch (error) {
    // What is there and broken says so itself when it is loaded.
    return (error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND';
  }
}

/** What to type; Node.js remembers what it did not find for as long as the process lives. */
export const installation = ({ name, major }: ClientPackage): string => `npm install ${name}@${major}, then restart`;

/** Loads a client library when it is first needed; rejects with the name of the package if it is not there. */
export async function loadPackage<T>(client: ClientPackage, load: () => Promise<T>): Promise<T> {
  const { dispatcher, name } = client;
  try {
    return await load();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const isMissing = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND' || /Cannot find/.test(message);
    const trouble = isMissing ? 'is not installed' : `cannot be loaded (${message})`;
    throw new DispatchError(
      'DISPATCH_PACKAGE_MISSING',
      `the ${dispatcher} dispatcher needs the package ${name}, which ${trouble}: ${installation(client)}`,
      { cause: error, retryable: true },
    );
  }
}
