import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, suite, type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { DEFAULT_TIMING } from '../../src/actors/dispatch/events.js';
import { dispatcherMachine as realDispatcherMachine } from '../../src/actors/dispatch/machine.js';
import { consolePublicFolder } from '../../src/console/index.js';
import { launchBrowser, openPage, withoutBrowser } from '../fakes/chromium.js';
import { FakeConsoleApi } from '../fakes/console-api.js';
import { exampleHub } from '../fakes/console-hub.js';
import { connectionMachine, dispatcherMachine, updateMachine } from '../fakes/console-machines.js';

const DEADLINE_MS = 60_000;
const HOSTILE = '<img src=x onerror="document.title=\'owned\'">';

suite('the console in Chromium', { skip: withoutBrowser }, () => {
  let browser: Browser;
  let fake: FakeConsoleApi;
  let complaints: string[];

  before(async () => {
    assert.ok(existsSync(join(consolePublicFolder, 'main.js')), 'the page is not bundled; run: npm run build');
    browser = await launchBrowser();
  });
  after(() => browser?.close());
  beforeEach(() => {
    complaints = [];
  });

  async function serve(t: TestContext, options: { token?: string } = {}): Promise<void> {
    fake = await FakeConsoleApi.start(exampleHub(Date.now()), options);
    t.after(() => fake.close());
  }

  /** Opens a place of the console; whatever the browser complains of, a violated CSP above all, is kept. */
  function open(t: TestContext, hash: string): Promise<Page> {
    return openPage(t, browser, fake.url + hash, complaints);
  }

  test('INS-4 the chart of a machine is drawn, without a box upon another', async (t) => {
    await serve(t);
    fake.run('update-activity/a-17', updateMachine);
    const page = await open(t, '#/actor/update-activity/a-17');
    await page.waitForSelector('.chart-svg');
    const ids = await page.$$eval('[data-state]', (elements) =>
      elements.map((element) => element.getAttribute('data-state')),
    );
    assert.equal(ids.length, 17);
    assert.ok(ids.includes('preparing.consent.asking') && ids.includes('updating.before'));
    const labels = await page.$$eval('.label-line', (lines) => lines.map(({ textContent }) => textContent));
    for (const label of ['CONSENT_REFUSED', 'after 1 h', 'all done', 'done: install', 'CANCEL [isCritical]']) {
      assert.ok(labels.includes(label), `${label} in ${labels}`);
    }
    const overlapping = await page.$$eval('[data-state] > .state-box', (boxes) =>
      boxes.flatMap((box) =>
        boxes.flatMap((other) => {
          const [a, b] = [box.getBoundingClientRect(), other.getBoundingClientRect()];
          const isApart = a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
          const isAround = (x: typeof a, y: typeof a): boolean =>
            x.left <= y.left && x.right >= y.right && x.top <= y.top && x.bottom >= y.bottom;
          return isApart || isAround(a, b) || isAround(b, a) ? [] : [box.parentElement?.getAttribute('data-state')];
        }),
      ),
    );
    assert.deepEqual(overlapping, []);
    assert.deepEqual(complaints, []);
  });

  test('INS-3 the active state follows a snapshot, and the transition taken is lit for a moment', async (t) => {
    await serve(t);
    fake.run('dispatcher/mqtt', dispatcherMachine);
    const page = await open(t, '#/actor/dispatcher/mqtt');
    await page.waitForSelector('.state.active[data-state="connecting"]');
    fake.send('dispatcher/mqtt', { type: 'CONNECTED' });
    await page.waitForSelector('.state.active[data-state="ready.idle"]');
    await page.waitForSelector('.state.active[data-state="ready"]');
    assert.equal(await page.locator('.state.active[data-state="connecting"]').count(), 0);
    assert.equal(await page.locator('.label-line.taken').textContent(), 'CONNECTED');
    assert.match((await page.locator('.events li').first().textContent()) ?? '', /CONNECTED$/);
    await page.waitForSelector('.taken:not(.chart-key *)', { state: 'detached' });
    assert.deepEqual(complaints, []);
  });

  test('INS-1 a viewer who leaves an actor is no viewer any more', async (t) => {
    await serve(t);
    fake.run('dispatcher/mqtt', dispatcherMachine);
    const page = await open(t, '#/actor/dispatcher/mqtt');
    await page.waitForSelector('.watch.good');
    assert.equal(fake.viewers, 1);
    await page.click('nav a:has-text("Overview")');
    await page.waitForSelector('.tiles');
    await until(() => fake.viewers === 0);
  });

  test('DUR-9 a store that cannot write is told in plain words, and taken back', async (t) => {
    await serve(t);
    const page = await open(t, '');
    await page.waitForSelector('.tile-figure:has-text("1,204")');
    const banner = page.locator('.banner:has-text("The store cannot write")');
    assert.equal(await banner.isVisible(), false);
    const { overview } = fake.hub;
    fake.hub.overview = { ...overview, storage: { ...overview.storage, degraded: 'no space left on device' } };
    await banner.waitFor();
    assert.match((await banner.textContent()) ?? '', /no space left on device.*nothing acknowledged is lost/);
    fake.hub.overview = overview;
    await banner.waitFor({ state: 'hidden' });
  });

  test('MBX-5 overload is told in plain words, and taken back', async (t) => {
    await serve(t);
    const page = await open(t, '');
    const banner = page.locator('.banner:has-text("Overloaded")');
    const { overview } = fake.hub;
    fake.hub.overview = { ...overview, overload: { level: 'telemetry', since: Date.now(), delayMs: 450 } };
    await banner.waitFor();
    assert.match((await banner.textContent()) ?? '', /QoS 0 are dropped.*acknowledgements go on/);
    fake.hub.overview = overview;
    await banner.waitFor({ state: 'hidden' });
  });

  test('hostile text stays text in every view', async (t) => {
    await serve(t);
    const [connection] = fake.hub.connections;
    const [actor] = fake.hub.actors;
    const [letter] = fake.hub.deadLetters;
    const [dispatcher] = fake.hub.overview.dispatchers ?? [];
    assert.ok(connection && actor && letter && dispatcher);
    const address = `vehicle-connection/${HOSTILE}`;
    const error = { name: HOSTILE, message: HOSTILE, code: HOSTILE };
    const waits = [{ state: HOSTILE, waitsFor: HOSTILE, since: 0, until: 'never' as const }];
    fake.hub.connections = [
      { ...connection, id: HOSTILE, vin: HOSTILE, deviceType: HOSTILE, networkInterface: HOSTILE },
    ];
    fake.hub.actors = [
      {
        ...actor,
        address,
        type: 'vehicle-connection',
        state: HOSTILE,
        waits,
        lastError: error,
        context: { [HOSTILE]: HOSTILE },
      },
    ];
    fake.hub.deadLetters = [{ ...letter, address, error, message: { type: HOSTILE } }];
    fake.hub.overview = {
      ...fake.hub.overview,
      dispatchers: [{ ...dispatcher, name: HOSTILE, state: HOSTILE, lastError: { ...error, at: 0 } }],
    };
    fake.run(address, connectionMachine);
    const page = await open(t, '');
    await page.waitForSelector('.card');
    for (const [link, shown] of [
      ['Connections', 'tbody tr a'],
      ['Actors', '.letter'],
    ] as const) {
      await page.click(`nav a:has-text("${link}")`);
      await page.waitForSelector(shown);
      assert.ok((await page.locator('main').textContent())?.includes(HOSTILE));
    }
    await page.click('.actor-cell a');
    await page.waitForSelector('.chart-svg');
    fake.send(address, { type: HOSTILE });
    await page.waitForSelector('.events li');
    assert.equal(await page.locator('.actor-head h1').textContent(), address);
    assert.equal(await page.locator('img').count(), 0);
    assert.notEqual(await page.title(), 'owned');
    assert.deepEqual(complaints, []);
  });

  test('the filter of the connections finds a vehicle, and its row leads to its actor', async (t) => {
    await serve(t);
    const page = await open(t, '#/connections');
    await page.waitForSelector('tbody tr >> nth=39');
    await page.fill('#connection-filter', 'throttled');
    await page.waitForSelector('tbody tr >> nth=1', { state: 'detached' });
    await page.click('tbody a');
    await page.waitForSelector('.actor-head h1:has-text("vehicle-connection/5YJ3E1EA7KF000005")');
  });

  test('SUP-1 SUP-7 parked actors come first and are unparked, dead letters are replayed', async (t) => {
    await serve(t);
    const page = await open(t, '#/actors');
    const parked = 'vehicle-twin/5YJ3E1EA7KF000099';
    await page.waitForSelector('.letter');
    assert.equal(await page.locator('.actor-cell a').first().textContent(), parked);
    await page.getByRole('button', { name: `Unpark ${parked}` }).click();
    await page.waitForSelector(`.notice:has-text("${parked} is started again.")`);
    assert.deepEqual(fake.unparked, [parked]);
    await page.getByRole('button', { name: /^Replay/ }).click();
    await page.waitForSelector('.letter', { state: 'detached' });
    assert.deepEqual(fake.replayed, ['01HZX']);
  });

  test('SUP-7 all dead letters of a destination are replayed with one press, request by request', async (t) => {
    await serve(t);
    const [letter] = fake.hub.deadLetters;
    assert.ok(letter);
    const message = { record: '[144 bytes]', type: 'V', vehicle: '5YJ3E1EA7KF000001', txid: 'x' };
    const address = 'dispatcher/kafka';
    fake.hub.deadLetters = [letter, ...['b', 'a'].map((id) => ({ ...letter, id, address, message }))];
    const page = await open(t, '#/supervision');
    await page.waitForSelector('.letter summary:has-text("V of 5YJ3E1EA7KF000001")');
    await page.getByRole('button', { name: `Replay all of ${address}` }).click();
    await page.waitForSelector(`.notice:has-text("2 dead letters of ${address} were sent again.")`);
    assert.deepEqual(fake.replayed, ['b ', 'a more']);
    await page.waitForSelector('.letter >> nth=1', { state: 'detached' });
    assert.equal(await page.getByRole('button', { name: /^Replay all/ }).count(), 0);
    assert.deepEqual(complaints, []);
  });

  test('the supervision tree shows strategy, restarts and the last error', async (t) => {
    await serve(t);
    const page = await open(t, '#/supervision');
    await page.waitForSelector('.tree .tree .tree a:has-text("dispatcher/mqtt")');
    const text = (await page.locator('main').textContent()) ?? '';
    for (const words of ['restarts only the child that failed, up to 5 times in 1 min', '3 restarts', 'ECONNREFUSED']) {
      assert.ok(text.includes(words), words);
    }
    assert.ok(text.includes('0 restarts'));
    await page.waitForSelector('.letter');
    fake.hub.deadLetters = [];
    await page.waitForSelector('p:has-text("No dead letters.")');
  });

  test('the overview says why more is acknowledged than was taken since the start', async (t) => {
    await serve(t);
    const { overview } = fake.hub;
    const page = await open(t, '');
    await page.waitForSelector('.tile-note:text-is("records")');
    const telemetry = { connections: 1, recordsTotal: 10, recordsPerSecond: 1, acksTotal: 12 };
    fake.hub.overview = { ...overview, telemetry };
    await page.waitForSelector('.tile-note:text-is("with records stored before the start and sent again")');
  });

  test('the overview says when a destination is tried again', async (t) => {
    await serve(t);
    const page = await open(t, '');
    await page.waitForSelector('.card-error:has-text("next try in ")');
    assert.deepEqual(complaints, []);
  });

  test('a place that is not there, and an actor that is not, say so and lead back', async (t) => {
    await serve(t);
    const page = await open(t, '#/nowhere/at-all');
    await page.waitForSelector('h1:has-text("There is no such page")');
    await page.click('main a:has-text("Overview")');
    await page.waitForSelector('h1:has-text("Overview")', { state: 'attached' });
    const other = await open(t, '#/actor/dispatcher/nobody');
    await other.waitForSelector('.explanation:has-text("There is no actor with this address now")');
    assert.equal(await other.locator('.watch').isVisible(), false);
    assert.equal(await other.locator('.panel').first().isVisible(), false);
    await other.click('.explanation a:has-text("All actors")');
    await other.waitForURL(/#\/actors$/);
  });

  test('an actor that is gone is asked for once, and shown when it is back', async (t) => {
    await serve(t);
    const { actors } = fake.hub;
    fake.hub.actors = [];
    const asked: string[] = [];
    const page = await open(t, '');
    page.on('request', (request) => asked.push(request.url()));
    await page.goto(`${fake.url}#/actor/dispatcher/mqtt`);
    await page.waitForSelector('.explanation:has-text("There is no actor with this address now")');
    const before = asked.filter((url) => url.includes('/actors/dispatcher/mqtt')).length;
    assert.equal(before, 1);
    // The banners ask for the overview every second: two of these are as long as the page would wait.
    const overview = (): number => asked.filter((url) => url.endsWith('/overview')).length;
    const seen = overview();
    await until(() => overview() >= seen + 3);
    assert.equal(asked.filter((url) => url.includes('/actors/dispatcher/mqtt')).length, 1);
    fake.hub.actors = actors;
    fake.run('dispatcher/mqtt', dispatcherMachine);
    fake.send('dispatcher/mqtt', { type: 'CONNECTED' });
    await page.waitForSelector('.actor-body');
    await page.waitForSelector('.watch.good');
  });

  test('the chart of a dispatcher is seen whole when its page opens', async (t) => {
    await serve(t);
    fake.run('dispatcher/mqtt', realDispatcherMachine, { name: 'mqtt', timing: DEFAULT_TIMING });
    const page = await open(t, '#/actor/dispatcher/mqtt');
    await page.waitForSelector('.state.active');
    await page.waitForSelector('.facts dd:has-text("stored")');
    const edges = (selector: string) =>
      page.$eval(selector, (element) => {
        const { bottom, right } = element.getBoundingClientRect();
        return { bottom, right };
      });
    const [drawing, frame] = [await edges('.chart-svg'), await edges('.chart-scroll')];
    assert.ok(drawing.bottom <= frame.bottom && drawing.right <= frame.right, JSON.stringify({ drawing, frame }));
    assert.ok(drawing.bottom <= 900, JSON.stringify(drawing));
  });

  test('INS-5 a token is asked for once and serves the API and the inspection socket', async (t) => {
    await serve(t, { token: 'secret-token' });
    fake.run('dispatcher/mqtt', dispatcherMachine);
    const page = await open(t, '#/actor/dispatcher/mqtt');
    await page.waitForSelector('dialog p:has-text("http.tokens")');
    await page.fill('#token', 'wrong');
    await page.keyboard.press('Enter');
    await page.waitForSelector('dialog h2:has-text("not accepted")');
    await page.fill('#token', 'secret-token');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.watch.good');
    await page.waitForSelector('.chart-svg');
    await page.reload();
    await page.waitForSelector('.chart-svg');
    assert.equal(await page.locator('dialog').count(), 0);
  });

  test('a lost hub is said, and everything goes on when it is back', async (t) => {
    await serve(t);
    const { port } = new URL(fake.url);
    fake.run('dispatcher/mqtt', dispatcherMachine);
    const page = await open(t, '#/actor/dispatcher/mqtt');
    await page.waitForSelector('.watch.good');
    await fake.close();
    await page.waitForSelector('.banner:has-text("Connection lost")');
    await page.waitForSelector('main.stale');
    await page.waitForSelector('.watch.bad');
    fake = await FakeConsoleApi.start(exampleHub(Date.now()), { port: Number(port) });
    fake.run('dispatcher/mqtt', dispatcherMachine);
    await page.waitForSelector('.banner:has-text("Connection lost")', { state: 'hidden' });
    await page.waitForSelector('.watch.good');
    assert.equal(await page.locator('main.stale').count(), 0);
  });
});

async function until(isTrue: () => boolean): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!isTrue()) {
    assert.ok(Date.now() < deadline, 'the condition came true in time');
    await setTimeout(5);
  }
}
