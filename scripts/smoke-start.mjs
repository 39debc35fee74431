// Starts what a newcomer starts, `npm start`, and looks at what a newcomer sees: the console answers, records arrive, and
// SIGTERM ends it with 0 and nothing left behind.
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

const START_MS = 120_000;
const RECORDS_MS = 60_000;
const STOP_MS = 30_000;
const LOOK_MS = 250;

// In a group of its own, so that nothing is left of it should it fail.
const npm = spawn('npm', ['start'], { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
const exited = new Promise((resolve) => npm.on('exit', (code, signal) => resolve(code ?? signal)));
let printed = '';
npm.stdout.on('data', (data) => {
  process.stdout.write(data);
  printed += data;
});
exited.then((code) => {
  if (!finished) fail(`npm start ended by itself with ${code}`);
});
let finished = false;

const url = await eventually(START_MS, 'the URL of the console', () => /http:\/\/127\.0\.0\.1:\d+/.exec(printed)?.[0]);
const health = await answer('/healthz');
if (health?.status !== 'alive') fail(`/healthz answered ${JSON.stringify(health)}`);
const page = await fetch(url);
if (!page.ok) fail(`the console answered ${page.status}`);
const records = await eventually(RECORDS_MS, 'acknowledged records that are dispatched', async () => {
  const { telemetry, dispatchers = [] } = await answer('/api/v1/overview');
  const delivered = dispatchers.reduce((sum, dispatcher) => sum + dispatcher.delivered, 0);
  return telemetry?.acksTotal > 0 && delivered > 0 ? telemetry.recordsTotal : undefined;
});

finished = true;
npm.kill('SIGTERM');
const code = await Promise.race([exited, sleep(STOP_MS, 'nothing', { ref: false })]);
if (code !== 0) fail(`after SIGTERM npm start ended with ${code}`);
const isLeft = await answer('/healthz').then(
  () => true,
  () => false,
);
if (isLeft) fail(`something still answers at ${url}`);
console.log(`npm start: records at ${url}: ${records}; ended with 0`);

async function answer(path) {
  return (await fetch(new URL(path, url))).json();
}

async function eventually(withinMs, what, look) {
  const until = performance.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > until) fail(`no ${what} within ${withinMs / 1000} s`);
    await sleep(LOOK_MS);
  }
}

function fail(problem) {
  console.error(`npm start: ${problem}`);
  process.kill(-npm.pid, 'SIGKILL');
  process.exit(1);
}
