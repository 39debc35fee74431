import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { encodeAlerts, encodeErrors, encodeVehicleData } from '../../src/protocols/fleet-telemetry/index.js';
import { launchBrowser, openPage, withoutBrowser } from '../fakes/chromium.js';
import { startIngestHub } from '../fakes/ingest-hub.js';

const VIN = '5YJ3E1EA7KF000001';
const HOSTILE = '<img src=x onerror="document.title=\'owned\'">';
const txid = (count: number): string => `78ae54a58800468194dc95-${String(count).padStart(9, '0')}`;

suite('the vehicles of a hub in Chromium', { skip: withoutBrowser }, () => {
  let browser: Browser;
  before(async () => {
    browser = await launchBrowser();
  });
  after(() => browser?.close());

  test('FT-CON-4 who is there, and of one vehicle what it last said and what is missing', async (t) => {
    const hub = await startIngestHub(t, { fleetchart: { presence: { offlineAfterSeconds: 1 } } }, { http: true });
    const headers = { 'X-Network-Interface': 'wifi', Version: '1.2.0' };
    const car = await hub.vehicle(VIN, { headers });
    const other = await hub.vehicle('OTHER', { headers });
    const createdAtMs = Date.now();
    const values = (soc: string) =>
      encodeVehicleData({
        data: [
          { key: 'Soc', value: { stringValue: soc } },
          { key: 'OutsideTemp', value: { invalid: true } },
          { key: 'VehicleName', value: { stringValue: HOSTILE } },
        ],
        createdAtMs,
        vin: VIN,
      });
    await car.ask({ txid: txid(1), payload: values('55.5') });
    const alerts = encodeAlerts({ alerts: [{ name: HOSTILE, startedAtMs: createdAtMs }], createdAtMs, vin: VIN });
    await car.ask({ txid: txid(5), topic: 'alerts', payload: alerts });
    const errors = encodeErrors({ errors: [{ name: 'E1', body: HOSTILE, createdAtMs }], createdAtMs, vin: VIN });
    await car.ask({ txid: txid(6), topic: 'errors', payload: errors });

    const complaints: string[] = [];
    const page = await openPage(t, browser, `${hub.hub.urls()['http']}/#/vehicles`, complaints);
    await page.waitForSelector(`tbody tr:has-text("${VIN}") .pill.good:has-text("online")`);
    await page.waitForSelector('tbody tr:has-text("OTHER") .pill.good:has-text("online")');
    await page.waitForSelector('p[role=status]:has-text("2 of 2 online")');
    await page.fill('#vehicle-search', '5yj3');
    await page.waitForSelector('tbody tr:has-text("OTHER")', { state: 'detached' });
    await page.fill('#vehicle-search', '');
    await other.close();
    await page.waitForSelector('tbody tr:has-text("OTHER") .pill:has-text("offline")');
    await page.selectOption('#vehicle-presence', 'online=false');
    await page.waitForSelector(`tbody tr:has-text("${VIN}")`, { state: 'detached' });
    await page.selectOption('#vehicle-presence', '');

    await page.click(`tbody a:has-text("${VIN}")`);
    await page.waitForSelector('.actor-head .pill:has-text("online")');
    const row = (heading: string, text: string): string =>
      `section:has(h2:text-is("${heading}")) tr:has-text("${text}")`;
    await page.waitForSelector(`${row('Signals', 'Soc')}:has-text("55.5")`);
    await page.waitForSelector(`${row('Signals', 'OutsideTemp')}:has-text("invalid")`);
    await page.waitForSelector(row('Gaps', '3 records missing'));
    await page.waitForSelector(row('Alerts', 'active'));
    await page.waitForSelector(row('Errors', 'E1'));
    await page.waitForSelector(row('Connections', '1.2.0'));
    await car.ask({ txid: txid(7), payload: values('56.5') });
    await page.waitForSelector(`${row('Signals', 'Soc')}:has-text("56.5")`);
    await page.fill('#signal-filter', 'outside');
    await page.waitForSelector(row('Signals', 'Soc'), { state: 'detached' });
    assert.equal(await page.locator('img').count(), 0);
    assert.notEqual(await page.title(), 'owned');
    await page.click('a:has-text("Live chart")');
    await page.waitForSelector('.state.active[data-state="online"]');
    assert.deepEqual(complaints, []);
  });
});
