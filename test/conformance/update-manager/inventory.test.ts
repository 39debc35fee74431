import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Inventory } from '../../../src/protocols/update-agent/index.js';
import { aggregateInventory } from '../../../src/protocols/update-manager/index.js';

const MANAGER = { id: 'my-car-update-manager', version: 'development', name: 'Update Manager', type: 'APPLICATION' };
const aggregate = (...inventories: Inventory[]) =>
  aggregateInventory(
    { domain: 'my-car', version: 'development' },
    inventories.map((inventory, index) => ({ domain: `d${index}`, inventory })),
  );

test('UM-INV-1 the manager is the first software node', () => {
  assert.deepEqual(aggregate(), { hardwareNodes: [], softwareNodes: [MANAGER], associations: [] });
});

test('UM-INV-2 the nodes of every known domain follow', () => {
  const { hardwareNodes, softwareNodes } = aggregate(
    { hardwareNodes: [{ id: 'h' }], softwareNodes: [{ id: 's' }] },
    { softwareNodes: [{ id: 't' }] },
  );
  assert.deepEqual(hardwareNodes, [{ id: 'h' }]);
  assert.deepEqual(softwareNodes, [MANAGER, { id: 's' }, { id: 't' }]);
});

test('UM-INV-3 the root of a domain is the application that says so, else its first node', () => {
  const root = { id: 'root', type: 'APPLICATION', parameters: [{ key: 'domain', value: 'd0' }] };
  const other = { id: 'x', type: 'APPLICATION', parameters: [{ key: 'domain', value: 'other' }] };
  assert.equal(aggregate({ softwareNodes: [other, root] }).associations?.[0]?.targetId, 'root');
  const container = { ...root, type: 'CONTAINER' };
  assert.equal(aggregate({ softwareNodes: [other, container] }).associations?.[0]?.targetId, 'x');
});

test('UM-INV-4 the manager is linked to each root, before the associations of the domain', () => {
  const own = [{ sourceId: 's', targetId: 't' }];
  assert.deepEqual(aggregate({ softwareNodes: [{ id: 's' }], associations: own }).associations, [
    { sourceId: MANAGER.id, targetId: 's' },
    ...own,
  ]);
});

test('UM-INV-5 a domain without software keeps its hardware alone', () => {
  const found = aggregate({ hardwareNodes: [{ id: 'h' }], associations: [{ sourceId: 'h', targetId: 'x' }] });
  assert.deepEqual(found, { hardwareNodes: [{ id: 'h' }], softwareNodes: [MANAGER], associations: [] });
});

test('UM-INV-6 nothing is removed as a duplicate', () => {
  const twice: Inventory = { softwareNodes: [{ id: 's' }], associations: [{ sourceId: 's', targetId: 's' }] };
  const { softwareNodes, associations } = aggregate(twice, twice);
  assert.equal(softwareNodes?.length, 3);
  assert.equal(associations?.length, 4);
});
