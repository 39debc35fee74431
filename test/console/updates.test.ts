import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  actionShare,
  agentOf,
  componentWords,
  domainShare,
  progressTone,
  statusTone,
  statusWords,
} from '../../src/console/updates.js';

test('an action is a third further with each of its phases, and in between by its percentage', () => {
  assert.equal(actionShare({ status: 'IDENTIFIED' }), 0);
  assert.equal(actionShare({ status: 'DOWNLOADING', progress: 50 }), 1 / 6);
  assert.equal(actionShare({ status: 'DOWNLOAD_SUCCESS', progress: 100 }), 1 / 3);
  assert.equal(actionShare({ status: 'UPDATING', progress: 255 }), 2 / 3);
  assert.equal(actionShare({ status: 'ACTIVATION_SUCCESS' }), 1);
  assert.equal(actionShare({ status: 'REMOVAL_SUCCESS' }), 1);
  assert.equal(actionShare({ status: 'whatever', progress: 50 }), 0);
});

test('a domain is as far as its actions are on average, and done when it is cleaned up', () => {
  const actions = [
    { component: { id: 'c:a' }, status: 'DOWNLOAD_SUCCESS' },
    { component: { id: 'c:b' }, status: 'ACTIVATION_SUCCESS' },
  ];
  assert.equal(domainShare({ id: 'c', status: 'IDENTIFIED', actions }), 2 / 3);
  assert.equal(domainShare({ id: 'c', status: 'CLEANUP_SUCCESS', actions }), 1);
  assert.equal(domainShare({ id: 'c', status: 'DOWNLOAD_SUCCESS', actions: [] }), 1 / 3);
});

test('a status is coloured by how it went, and a bar is good only when it is full', () => {
  assert.equal(statusTone('ACTIVATION_FAILURE'), 'bad');
  assert.equal(statusTone('INCOMPLETE'), 'bad');
  assert.equal(statusTone('COMPLETED'), 'good');
  assert.equal(statusTone('UPDATED'), 'good');
  assert.equal(statusTone('DOWNLOADING'), 'busy');
  assert.equal(statusTone('ROLLBACK'), 'busy');
  assert.equal(statusTone('IDENTIFIED'), 'quiet');
  assert.equal(progressTone('DOWNLOAD_SUCCESS', 0.4), 'busy');
  assert.equal(progressTone('CLEANUP_SUCCESS', 1), 'good');
  assert.equal(progressTone('UPDATE_FAILURE', 0.4), 'bad');
});

test('statuses and components are said without what everybody knows', () => {
  assert.equal(statusWords('IDENTIFICATION_FAILED'), 'identification failed');
  assert.equal(componentWords('containers:map', 'containers'), 'map');
  assert.equal(componentWords('other:map', 'containers'), 'other:map');
  assert.equal(componentWords('containers:', 'containers'), 'containers:');
});

test('a domain leads to the chart of its agent where that runs here', () => {
  const agents = ['container-update-agent/containers', 'self-update-agent/os-image'];
  assert.equal(agentOf('containers', agents), agents[0]);
  assert.equal(agentOf('self-update', agents), agents[1]);
  assert.equal(agentOf('tires', agents), undefined);
});
