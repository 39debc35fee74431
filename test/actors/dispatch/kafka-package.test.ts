import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import * as zlib from 'node:zlib';
import { CODEC_PACKAGES, useCodec } from '../../../src/actors/dispatch/kafka/codecs.js';
import { createKafkaDispatcher } from '../../../src/actors/dispatch/kafka/kafka-dispatcher.js';
import type { Library } from '../../../src/actors/dispatch/kafka/library.js';
import { createAuthority, issueDeviceCertificate } from '../../../src/actors/provisioning/index.js';
import { temporaryFolder } from '../../fakes/runtime.js';
import { kafkaOptions, TLS } from '../../interop/kafka-setup.js';

describe('the kafka dispatcher without its package', () => {
  it('DISPATCH_PACKAGE_MISSING names it, and nothing is loaded before', async () => {
    const loads: string[] = [];
    const { signal } = new AbortController();
    const missing = (message: string) => {
      const load = async (): Promise<never> => {
        loads.push('kafkajs');
        throw new Error(message);
      };
      return createKafkaDispatcher(kafkaOptions(['127.0.0.1:1'], 'topic', { load }));
    };
    const dispatcher = missing("Cannot find package 'kafkajs'");
    assert.deepEqual(loads, []);
    await assert.rejects(dispatcher.connect(signal), {
      code: 'DISPATCH_PACKAGE_MISSING',
      message:
        'the kafka dispatcher needs the package kafkajs, which is not installed: npm install kafkajs@2, then restart',
    });
    await assert.rejects(missing('a file of it is broken').connect(signal), {
      code: 'DISPATCH_PACKAGE_MISSING',
      message: /cannot be loaded \(a file of it is broken\)/,
    });
  });
});

describe('the codecs of the kafka dispatcher', () => {
  const library = () => ({ CompressionCodecs: {} }) as unknown as Library;

  it('FT-KAF-2 DISPATCH_PACKAGE_MISSING names the package that a codec needs, and nothing else is loaded', async () => {
    const missing = async (): Promise<never> => {
      throw new Error('Cannot find package');
    };
    const { snappy, lz4 } = CODEC_PACKAGES;
    const packages = { snappy: { ...snappy, load: missing }, lz4: { ...lz4, load: missing } };
    for (const [codec, name] of [
      ['snappy', 'snappy@7'],
      ['lz4', 'lz4-napi@2'],
    ] as const) {
      await assert.rejects(useCodec(codec, library(), packages), {
        code: 'DISPATCH_PACKAGE_MISSING',
        message: new RegExp(
          `^the kafka dispatcher needs the package .* which is not installed: npm install ${name}, then restart$`,
        ),
      });
    }
    for (const codec of ['none', 'gzip'] as const) await useCodec(codec, library(), packages);
  });

  it('FT-KAF-2 one that somebody else in the process has given to the library stays', async () => {
    const theirs = () => ({ compress: async () => Buffer.alloc(0) });
    const given = { CompressionCodecs: { 2: theirs } } as unknown as Library;
    await useCodec('snappy', given);
    assert.equal((given.CompressionCodecs as unknown as Record<number, unknown>)[2], theirs);
    const empty = library();
    await useCodec('snappy', empty);
    assert.equal(typeof (empty.CompressionCodecs as unknown as Record<number, unknown>)[2], 'function');
  });

  it('FT-KAF-2 DISPATCH_KAFKA_CODEC zstd is refused at start where Node.js does not have it', () => {
    const create = () => createKafkaDispatcher(kafkaOptions(['h:1'], 'x', { compression: 'zstd' }));
    if ('zstdCompress' in zlib) assert.doesNotThrow(create);
    else
      assert.throws(create, {
        code: 'DISPATCH_KAFKA_CODEC',
        message: /^compression\.type zstd needs Node\.js 22\.15 or newer/,
      });
  });
});

describe('the files of TLS of the kafka dispatcher', () => {
  it('FT-KAF-2 DISPATCH_KAFKA_TLS files that cannot be used are refused at start, by the name of the property', async (t) => {
    const folder = temporaryFolder(t);
    const write = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const authority = await createAuthority({ commonName: 'CA' });
    const [own, other] = await Promise.all(
      ['a', 'b'].map((commonName) => issueDeviceCertificate(authority, { commonName })),
    );
    const [cert, key] = [write('own.crt', own?.chainPem ?? ''), write('own.key', own?.keyPem ?? '')];
    const create = (tls: Partial<typeof TLS>) =>
      createKafkaDispatcher(kafkaOptions(['h:1'], 'x', { tls: { ...TLS, ...tls } }));
    const refused = (tls: Partial<typeof TLS>, message: RegExp) =>
      assert.throws(() => create(tls), { code: 'DISPATCH_KAFKA_TLS', message });
    refused({ caFile: '/nowhere.crt' }, /^ssl\.ca\.location: \/nowhere\.crt cannot be read \(ENOENT/);
    refused({ caFile: folder }, /^ssl\.ca\.location: .* cannot be read \(EISDIR/);
    refused({ caFile: write('text.crt', 'text') }, /^ssl\.ca\.location: .*text\.crt holds no certificate in PEM$/);
    refused({ caPem: 'text' }, /^ssl\.ca\.pem: the text holds no certificate in PEM$/);
    refused({ certFile: key, keyFile: key }, /^ssl\.certificate\.location: .*own\.key holds no certificate in PEM$/);
    refused({ certPem: 'text', keyFile: key }, /^ssl\.certificate\.pem: the text holds no certificate in PEM$/);
    refused({ certFile: cert, keyPem: 'text' }, /^ssl\.key\.pem: the text holds no private key in PEM$/);
    const otherKey = write('other.key', other?.keyPem ?? '');
    refused({ certFile: cert, keyFile: otherKey }, /the key does not belong to the certificate$/);
    refused({ keystoreFile: write('store.p12', 'no store') }, /^the ssl\.\* properties do not fit together: /);
    refused({ ciphers: 'none of them' }, /^the ssl\.\* properties do not fit together: /);
    create({ certFile: cert, keyFile: key, caPem: authority.certificatePem });
    create({ certPem: own?.chainPem ?? '', keyPem: own?.keyPem ?? '' });
  });
});
