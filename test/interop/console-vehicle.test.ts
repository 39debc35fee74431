import assert from 'node:assert/strict';
import { after, before, beforeEach, suite, type TestContext, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { connectClient } from '../actors/mqtt/broker-setup.js';
import { launchBrowser, openPage, withoutBrowser } from '../fakes/chromium.js';
import { FakeConsoleApi } from '../fakes/console-api.js';
import { exampleHub } from '../fakes/console-hub.js';
import { desired, startContainersVehicle, updatesOf } from '../fakes/containers-vehicle.js';
import { temporaryFolder } from '../fakes/runtime.js';

const VIEWER = 'viewer-token-0123456789';

suite('the console of a vehicle in Chromium', { skip: withoutBrowser }, () => {
  let browser: Browser;
  let complaints: string[];

  before(async () => {
    browser = await launchBrowser();
  });
  after(() => browser?.close());
  beforeEach(() => {
    complaints = [];
  });

  async function begin(t: TestContext, hash: string, sets: readonly string[] = [], width?: number) {
    const vehicle = await startContainersVehicle(t, temporaryFolder(t), ...sets);
    const open = (place: string): Promise<Page> => openPage(t, browser, `${vehicle.http}/${place}`, complaints, width);
    return { ...vehicle, open, page: await open(hash) };
  }

  test('UM-MSG-1 an update is started from a desired state, seen as it goes, and remembered', async (t) => {
    const { page, rows } = await begin(t, '#/updates');
    await page.waitForSelector('.empty:has-text("No update runs")');
    // With nothing to look at, the form is open and holds an example.
    await page.waitForSelector('#desired-state');
    await page.waitForSelector('.verdict:has-text("Ready to be sent.")');
    await page.locator('#desired-state').press('Control+Enter');
    await page.waitForSelector('.domain h3:text-is("containers")');
    await page.waitForSelector('.action-name:text-is("hello")');
    await page.waitForSelector('.history tbody tr:has-text("completed")');
    await page.waitForSelector('.empty:has-text("No update runs")');
    await page.waitForSelector('.state-domain .node-name:text-is("hello")');
    await page.click('.nodes li:has(.node-name:text-is("hello")) summary');
    await page.waitForSelector('.parameters dd:text-is("docker.io/library/hello:1.0")');
    assert.deepEqual(await rows(), ['hello docker.io/library/hello:1.0 Running']);
    assert.deepEqual(complaints, []);
  });

  test('UM-MSG-4 what is wrong with a desired state is said before anything is sent', async (t) => {
    const { page } = await begin(t, '#/updates');
    const posts: string[] = [];
    page.on('request', (request) => {
      if (request.method() === 'POST') posts.push(request.url());
    });
    await page.waitForSelector('.verdict:has-text("Ready to be sent.")');
    await page.fill('#desired-state', '{"activityId": "x",\n "payload": [ }');
    await page.click('button.primary');
    await page.waitForSelector('.verdict.bad:has-text("line 2, column 15")');
    const caret = await page.evaluate<number>('document.activeElement.selectionStart');
    assert.equal(caret, 34);
    await page.fill('#desired-state', '{"activityId": "x", "payload": {"domains": [{"id": "tires"}]}}');
    await page.waitForSelector('.verdict:has-text("No agent is configured for tires.")');
    assert.deepEqual(posts, []);
    await page.click('button:text-is("Example")');
    await page.waitForSelector('.verdict:has-text("Ready to be sent.")');
    assert.deepEqual(complaints, []);
  });

  test('UM-ORC-1 what failed in an update is said with its end', async (t) => {
    const { page, mqtt } = await begin(t, '#/updates');
    assert.equal(await (await updatesOf(t, mqtt))('a-1', { map: 'map:bad' }), 'INCOMPLETE');
    const row = page.locator('.history tbody tr:has-text("a-1")');
    await row.locator('.pill.bad:text-is("incomplete")').waitFor();
    await row.locator('.failure:has-text("containers:map"):has-text("executable file not found")').waitFor();
    assert.deepEqual(complaints, []);
  });

  test('INS-4 a vehicle, to which no vehicles connect, says so where connections are shown', async (t) => {
    const { page } = await begin(t, '#/connections');
    await page.waitForSelector('.empty:has-text("No vehicles connect here")');
    assert.equal(await page.locator('#connection-filter').isVisible(), false);
    assert.equal(await page.locator('main :text("GET")').count(), 0);
    await page.click('.empty a');
    await page.waitForSelector('h1:text-is("Overview")', { state: 'attached' });
  });

  test('HTTP-1 a viewer is told that starting an update is not theirs', async (t) => {
    const tokens = `http.tokens=[{name: v, token: ${VIEWER}, role: viewer}]`;
    const { page } = await begin(t, '#/updates', [tokens]);
    await page.fill('#token', VIEWER);
    await page.keyboard.press('Enter');
    await page.waitForSelector('.verdict:has-text("Ready to be sent.")');
    await page.click('button.primary');
    await page.waitForSelector('.verdict.bad:has-text("may look, and not change anything")');
  });

  test('ENG-7 containers are shown with their log, what they use, and an engine that says it is simulated', async (t) => {
    const { page, mqtt, rows } = await begin(t, '#/containers');
    await page.waitForSelector('.empty:has-text("start an update")');
    await page.waitForSelector('.chip.simulated:visible');
    await page.waitForSelector('.engine p:has-text("configured")');
    const update = await updatesOf(t, mqtt);
    assert.equal(await update('a-1', { map: 'map:1', radio: 'radio:crash' }), 'COMPLETED');
    const map = page.locator('.container-card:has(h3 a:text-is("map"))');
    await map.locator('.pill:text-is("Running")').waitFor();
    await page.waitForSelector('.container-card:has(h3 a:text-is("radio")) .restarts');
    await map.getByRole('link', { name: 'Log and use' }).click();
    await page.waitForSelector('.log-line:has-text("started")');
    await page.waitForSelector('.tile:has-text("CPU") .tile-figure:has-text("%")');
    await page.waitForSelector('.tile:has-text("Memory") .tile-figure:has-text("MiB")');
    await page.getByRole('button', { name: 'Stop map' }).click();
    await page.waitForSelector('.notice:has-text("map was stopped.")');
    await page.waitForSelector('.actor-head .pill:text-is("Stopped")');
    assert.ok((await rows()).includes('map map:1 Stopped'));
    await page.waitForSelector('.tile:has-text("CPU") .tile-note:has-text("does not run")');
    await page.getByRole('button', { name: 'Start map' }).click();
    await page.waitForSelector('.actor-head .pill:text-is("Running")');
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    await page.waitForSelector('.log-note:has-text("Paused; ")');
    assert.deepEqual(complaints, []);
    // The page of one that an update replaced leads on; what it asks of the old one meanwhile is not there.
    assert.equal(await update('a-2', { map: 'map:2' }), 'COMPLETED');
    await page.click('a:has-text("To the map that is there now")');
    await page.waitForSelector('.facts-line:has-text("map:2")');
  });

  test('CUA-16 what an update will change is shown beside what is there, and hostile text stays text', async (t) => {
    const { page, mqtt, open, vehicle } = await begin(t, '#/containers', ['updateManager.agents={containers: {}}']);
    assert.equal(await (await updatesOf(t, mqtt))('a-1', { map: 'map:1', old: 'old:1' }), 'COMPLETED');
    // Nobody commands this one, so that it stays as it is identified.
    const client = await connectClient(t, mqtt);
    const hostile = '<img src=x>';
    const payload = desired('by-hand', { map: 'map:2', fresh: 'fresh:1' }).replace(
      '"version":"2"',
      `"version":"${hostile}"`,
    );
    await client.mqtt.publishAsync('containersupdate/desiredstate', payload, { qos: 1 });
    await page.waitForSelector('.operation .pill:has-text("waiting.identified")');
    const row = (name: string) => page.locator(`.operation-actions .action:has(.action-name:text-is("${name}"))`);
    await row('map').locator('.changes:has-text("image map:1 → map:2")').waitFor();
    assert.match((await row('map').textContent()) ?? '', new RegExp(`replaced.*${hostile}`));
    await row('fresh').locator('.chip:text-is("new")').waitFor();
    await row('old').locator('.chip:text-is("removed")').waitFor();
    await page.waitForSelector('.groups .chip:has-text("containers:map")');
    await page.waitForSelector('.operation .explanation:has-text("the command DOWNLOAD")');
    await page.waitForSelector('.container-card:has-text("prepared by an update")');
    assert.equal(await page.locator('img').count(), 0);
    await page.click('.operation a:has-text("Live chart")');
    await page.waitForSelector('.state.active[data-state="waiting.identified"]');
    assert.equal(vehicle.system.view('container-update-agent/containers')?.state, 'waiting.identified');
    const other = await open('#/updates');
    await other.waitForSelector('.history tbody tr:has-text("a-1")');
    assert.deepEqual(complaints, []);
  });

  test('views of what is not configured say what to do', async (t) => {
    const hub = exampleHub(Date.now());
    const fake = await FakeConsoleApi.start({ ...hub, overview: { ...hub.overview, role: 'vehicle' } });
    t.after(() => fake.close());
    const open = (place: string) => openPage(t, browser, `${fake.url}${place}`, complaints);
    const page = await open('#/updates');
    await page.waitForSelector('.explanation:has-text("add a section updateManager")');
    const other = await open('#/containers');
    await other.waitForSelector('.explanation:has-text("add a section containerManagement")');
  });

  test('no view of a vehicle is wider than a narrow screen', async (t) => {
    const { page, mqtt } = await begin(t, '#/updates', [], 360);
    const name = 'a-container-with-a-name-that-is-much-longer-than-a-narrow-screen-is-wide';
    assert.equal(
      await (await updatesOf(t, mqtt))('a-1', { [name]: `registry.example/${'x'.repeat(80)}:1` }),
      'COMPLETED',
    );
    await page.waitForSelector('.history tbody tr');
    await page.waitForSelector(`.node-name:text-is("${name}")`);
    const spare = (): Promise<number> =>
      page.evaluate<number>('document.documentElement.clientWidth - document.documentElement.scrollWidth');
    assert.equal(await spare(), 0);
    await page.click('nav a:has-text("Containers")');
    await page.click('.container-card h3 a');
    await page.waitForSelector('.log-line');
    assert.equal(await spare(), 0);
    await page.click('nav a:has-text("Containers")');
    await page.waitForSelector('.container-card');
    assert.equal(await spare(), 0);
  });
});
