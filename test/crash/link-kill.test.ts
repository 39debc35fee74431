import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { connectClient } from '../actors/mqtt/broker-setup.js';
import { Mosquitto, withoutMosquitto } from '../fakes/mosquitto.js';
import { eventually, temporaryFolder } from '../fakes/runtime.js';

const CHILD = fileURLToPath(new URL('link-kill-child.js', import.meta.url));
const POINTS = ['told', 'stored', 'sent', 'published'];
/** Messages between two kills. */
const BETWEEN = 25;

test('MBX-4 UM-RES-2 a link that is killed between store, PUBLISH and PUBACK loses, doubles and reorders nothing', {
  skip: withoutMosquitto(),
}, async (t) => {
  const broker = await Mosquitto.start(t);
  const url = `mqtt://${broker.address}`;
  const directory = temporaryFolder(t);
  const outside = await connectClient(t, url, { clientId: 'outside' });
  await outside.mqtt.subscribeAsync('said', { qos: 1 });

  let child: ChildProcess | undefined;
  let heard: readonly string[] = [];
  let ended: Promise<unknown> = Promise.resolve();
  const start = (point: string, after: number): void => {
    const process_ = spawn(process.execPath, [CHILD, directory, url, point, String(after)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child = process_;
    ended = new Promise((resolve) => process_.once('exit', resolve));
    createInterface({ input: process_.stdout }).on('line', (line) => {
      heard = JSON.parse(line) as string[];
    });
  };
  t.after(async () => {
    child?.kill('SIGKILL');
    await ended;
  });
  const texts: string[] = [];
  const send = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index++) {
      const text = `!${texts.length}`;
      texts.push(text);
      await outside.mqtt.publishAsync('heard', text, { qos: 1 });
    }
  };

  // The session has to be there before the first message.
  start('none', 0);
  await eventually(() => heard.includes('UP'), 'it is up', 60_000);
  child?.kill('SIGKILL');
  await ended;
  for (const [index, point] of POINTS.entries()) {
    start(point, 3 + 5 * index);
    await send(BETWEEN);
    await ended;
    await send(2);
  }
  start('none', 0);
  const said = (): string[] => outside.payloads();
  const last = texts.at(-1) ?? '';
  await eventually(() => said().includes(last) && heard.includes(last), 'all is heard and said', 60_000);
  assert.deepEqual(
    heard.filter((text) => text.startsWith('!')),
    texts,
  );
  // What was sent and not known to be acknowledged may be sent again, in its place.
  assert.deepEqual(
    said().filter((text, index, all) => text !== all[index - 1]),
    texts,
  );
});
