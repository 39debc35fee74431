import { createRequire } from 'node:module';
import { test } from 'node:test';
import { openBrokerTables } from '../../../../src/actors/mqtt/persistence/broker-tables.js';
import type { SubscriptionIndex } from '../../../../src/actors/mqtt/persistence/packets.js';
import { StoredPersistence } from '../../../../src/actors/mqtt/persistence/stored-persistence.js';
import { testSystem } from '../../../fakes/runtime.js';
import { LIMITS } from './persistence-setup.js';

/** The suite that aedes has for every store, which comes without types. */
const require = createRequire(import.meta.url);
const abstract = require('aedes-persistence/abstract.js') as (options: object) => void;
const MemoryPersistence = require('aedes-persistence/asyncPersistence.js') as new () => SubscriptionIndex;

test("MQT-4 the store passes aedes' own tests", async (t) => {
  const { system } = await testSystem(t, []);
  const counts = { dropped: 0, retainedRefused: 0, sessionsExpired: 0 };
  let number = 0;
  const persistence = (): StoredPersistence => {
    const prefix = `${++number}.`;
    const tables = openBrokerTables(
      { commit: system.commit, table: (options) => system.table({ ...options, name: prefix + options.name }) },
      LIMITS,
    );
    const { commit, clock } = system;
    return new StoredPersistence({ tables, limits: LIMITS, clock, counts, commit, index: new MemoryPersistence() });
  };
  const waits: Promise<void>[] = [];
  const subtest = (name: string, run: (t: unknown) => Promise<void>): void => void waits.push(t.test(name, run));
  abstract({ test: subtest, persistence, testAsync: true });
  await Promise.all(waits);
});
