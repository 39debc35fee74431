import assert from 'node:assert/strict';
import { it } from 'node:test';
import { countPublications } from '../src/dispatcher-metrics.js';
import { Metrics } from '../src/runtime/index.js';

it('publications and their bytes are counted by the type of the record', async () => {
  const metrics = new Metrics();
  const published = countPublications(metrics);
  published('V', 10);
  published('V', 5);
  published('alerts', 7);
  const text = await metrics.text();
  assert.match(text, /^mqtt_publish_total\{record_type="V"\} 2$/m);
  assert.match(text, /^mqtt_publish_total_bytes\{record_type="V"\} 15$/m);
  assert.match(text, /^mqtt_publish_total_bytes\{record_type="alerts"\} 7$/m);
});
