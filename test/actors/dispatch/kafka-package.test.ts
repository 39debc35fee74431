import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createKafkaDispatcher } from '../../../src/actors/dispatch/kafka/kafka-dispatcher.js';
import { createAuthority, issueDeviceCertificate } from '../../../src/actors/provisioning/index.js';
import { temporaryFolder } from '../../fakes/runtime.js';
import { kafkaOptions, TLS } from '../../interop/kafka-setup.js';

describe('the kafka dispatcher without its package', () => {
  it('DISPATCH_PACKAGE_MISSING names it, and nothing is loaded before', async () => {
    const loads: string[] = [];
    const dispatcher = createKafkaDispatcher(
      kafkaOptions(['127.0.0.1:1'], 'topic', {
        load: async () => {
          loads.push('kafkajs');
          throw new Error("Cannot find package 'kafkajs'");
        },
      }),
    );
    assert.deepEqual(loads, []);
    await assert.rejects(dispatcher.connect(new AbortController().signal), {
      code: 'DISPATCH_PACKAGE_MISSING',
      message: /needs the package kafkajs, which is not installed: npm install kafkajs/,
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
    const otherKey = write('other.key', other?.keyPem ?? '');
    refused({ certFile: cert, keyFile: otherKey }, /the key does not belong to the certificate$/);
    refused({ keystoreFile: write('store.p12', 'no store') }, /^the ssl\.\* properties do not fit together: /);
    refused({ ciphers: 'none of them' }, /^the ssl\.\* properties do not fit together: /);
    create({ certFile: cert, keyFile: key, caPem: authority.certificatePem });
    create({ certPem: own?.chainPem ?? '', keyPem: own?.keyPem ?? '' });
  });
});
