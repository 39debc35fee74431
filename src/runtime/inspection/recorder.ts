import type { Address } from '../address.js';
import type { ActorTap } from '../cell/cell-host.js';
import type { ActorSystem } from '../system.js';
import { writeFixtureLine } from './fixture.js';

/**
 * Writes what an actor takes and gives as fixture lines, beginning with its state now, so that the stretch can be
 * replayed. Returns how to end it.
 */
export function recordActor(system: ActorSystem, address: Address, write: (line: string) => void): () => void {
  const typeVersion = system.typeNamed(address.slice(0, address.indexOf('/')))?.version ?? 0;
  let lastValue: string | undefined;
  const tap: ActorTap = {
    started: (_address, input) => write(writeFixtureLine({ kind: 'start', address, typeVersion, input })),
    restored: (_address, record) =>
      write(
        writeFixtureLine({
          kind: 'restore',
          address,
          typeVersion: record.typeVersion,
          input: record.input,
          snapshot: record.snapshot,
          ...(record.hot === undefined ? {} : { hot: record.hot }),
        }),
      ),
    event: (_address, event) => write(writeFixtureLine({ kind: 'event', address, event })),
    hot: (_address, message, at, result) =>
      write(writeFixtureLine({ kind: 'hot', address, at, message, ...(result ? { result } : {}) })),
    committed: (_address, outputs, value) => {
      for (const output of outputs) write(writeFixtureLine({ kind: 'output', address, output }));
      const text = JSON.stringify(value);
      if (text !== undefined && text !== lastValue) write(writeFixtureLine({ kind: 'state', address, value }));
      lastValue = text;
    },
  };
  const now = system.cell(address)?.persisted();
  if (now) write(writeFixtureLine({ kind: 'restore', address, typeVersion, ...now }));
  return system.tap(address, tap);
}
