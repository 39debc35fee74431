/** What batches are compressed with (FT-KAF-2). The client library has gzip by itself. */
import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import type { KafkaCompression } from '../../../protocols/fleet-telemetry/kafka-settings.js';
import { type ClientPackage, COMPRESSION_PACKAGES, loadPackage } from '../client-package.js';
import { DispatchError } from '../errors.js';
import type { Library } from './library.js';

/** Compresses the records of a batch. */
export type Compressor = (records: Uint8Array) => Promise<Buffer>;

/** As the client library calls it. */
export interface Codec {
  compress(records: { readonly buffer: Buffer }): Promise<Buffer>;
}

/** Kafka's numbers. */
export const CODECS: Readonly<Record<KafkaCompression, number>> = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 };

/** One that has to be installed, and how it is loaded. */
export interface CodecPackage extends ClientPackage {
  readonly load: () => Promise<Compressor>;
}

export const CODEC_PACKAGES: Readonly<Record<'snappy' | 'lz4', CodecPackage>> = {
  snappy: {
    ...COMPRESSION_PACKAGES.snappy,
    load: () => import('snappy').then(({ compress }) => compress),
  },
  lz4: {
    ...COMPRESSION_PACKAGES.lz4,
    load: () => import('lz4-napi').then(({ compressFrame }) => compressFrame),
  },
};

/** Of Node.js since 22.15. Packages for older ones are no longer kept, or fetch their programs when they are installed. */
type Zstd = (records: Uint8Array, callback: (error: Error | null, result: Buffer) => void) => void;
const { zstdCompress } = zlib as { readonly zstdCompress?: Zstd };

function zstd(): Compressor {
  if (zstdCompress) return promisify(zstdCompress);
  const message = `compression.type zstd needs Node.js 22.15 or newer, and this is ${process.version}: update it, or set lz4, snappy or gzip`;
  throw new DispatchError('DISPATCH_KAFKA_CODEC', message);
}

/** Throws {@link DispatchError} `DISPATCH_KAFKA_CODEC` where this Node.js does not have it. */
export function checkCodec(compression: KafkaCompression): void {
  if (compression === 'zstd') zstd();
}

/**
 * Gives the client library a codec that it does not have, for all in the process that use the library; rejects with the
 * name of the package if it is not there.
 */
export async function useCodec(
  compression: KafkaCompression,
  { CompressionCodecs }: Library,
  packages = CODEC_PACKAGES,
): Promise<void> {
  if (compression === 'none' || compression === 'gzip') return;
  const compress =
    compression === 'zstd' ? zstd() : await loadPackage(packages[compression], packages[compression].load);
  const codecs = CompressionCodecs as Record<number, () => Codec>;
  const number = CODECS[compression];
  if (!isThere(codecs[number])) codecs[number] = () => ({ compress: ({ buffer }) => compress(buffer) });
}

/** The library's own place-holders throw; somebody else in the process may have given it a codec that can do more. */
function isThere(codec: (() => Codec) | undefined): boolean {
  try {
    return codec?.() !== undefined;
  } catch {
    return false;
  }
}
