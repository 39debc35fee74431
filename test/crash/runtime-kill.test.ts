import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { seededIds } from '../../src/runtime/ids.js';
import { type LedgerContext, ledgerFaults } from '../fakes/ledger.js';
import { temporaryFolder } from '../fakes/runtime.js';
import { FAULT_POINTS, isNoted, JOBS_FILE, NOTES_FILE, WORKER, type WorkerContext } from './runtime-kill-setup.js';

const CHILD = fileURLToPath(new URL('runtime-kill-child.js', import.meta.url));
/** Kills of each of the two stores at random moments; the fault points come on top. */
const RANDOM_KILLS = process.env['FLEETCHART_CRASH'] === 'all' ? 90 : 10;
const ROUNDS = process.env['FLEETCHART_CRASH'] === 'all' ? 5 : 1;

/** What the outside knows of one store over all its lives. */
class Outside {
  readonly acknowledged = new Map<string, Set<string>>();
  readonly faults: string[] = [];
  kills = 0;
  private runs = 0;
  private readonly random;

  constructor(
    private readonly directory: string,
    private readonly seed: number,
  ) {
    this.random = seededIds(seed);
  }

  /** Runs a child until it ends: at its fault point, or killed from here after some acknowledgements or time. */
  async live(point: string): Promise<void> {
    const child = spawn(
      process.execPath,
      [CHILD, this.directory, String(++this.runs), `${this.seed} ${this.runs}`, point],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const ended = new Promise<NodeJS.Signals | null>((resolve) => child.on('exit', (_code, signal) => resolve(signal)));
    const acks = 1 + Math.floor(this.random.uniform() * 60);
    const isTimed = this.random.uniform() < 0.4;
    const afterMs = this.random.uniform() * 60;
    let seen = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      const [what, first = '', second = ''] = line.split(' ');
      if (what === 'ack') {
        const ids = this.acknowledged.get(first) ?? new Set();
        this.acknowledged.set(first, ids.add(second));
        if (point === 'random' && !isTimed && ++seen === acks) child.kill('SIGKILL');
        // A fault point that does not come is as good as a random one.
        if (point !== 'finish' && ++seen > 400) child.kill('SIGKILL');
      } else if (what === 'fault') this.faults.push(line);
      else if (what === 'books') this.verify(JSON.parse(line.slice(6)) as Record<string, LedgerContext>);
      else if (what === 'up' && point === 'random' && isTimed) setTimeout(() => child.kill('SIGKILL'), afterMs);
    }
    const signal = await ended;
    assert.equal(signal, point === 'finish' ? null : 'SIGKILL', `it ended by itself at ${point}`);
    if (signal) this.kills++;
  }

  private verify({ [WORKER]: worker, ...ledgers }: Record<string, LedgerContext>): void {
    const actors = new Map(Object.entries(ledgers).filter(([, books]) => books !== undefined));
    const notes = new Map(this.lines(NOTES_FILE));
    const noted = new Set([...actors.values()].flatMap(({ done }) => done.filter(isNoted)));
    const acknowledged = new Map([...this.acknowledged].filter(([address]) => address !== WORKER));
    this.faults.push(...ledgerFaults(actors, { acknowledged, notes: [...notes.values()], noted, roundingMs: 2 }));

    const done = (worker as unknown as WorkerContext | undefined)?.done ?? [];
    const jobs = this.lines(JOBS_FILE);
    if (new Set(jobs.map(([, job]) => job)).size !== jobs.length) this.faults.push('an effect was done under two keys');
    if (new Set(done).size !== done.length) this.faults.push('a job was done twice');
    for (const id of done) if (!jobs.some(([, job]) => job === id)) this.faults.push(`job ${id} was not done outside`);
    for (const id of this.acknowledged.get(WORKER) ?? [])
      if (!done.includes(id)) this.faults.push(`job ${id} was lost`);
  }

  private lines(file: string): Array<[string, string]> {
    const path = join(this.directory, file);
    if (!existsSync(path)) return [];
    return readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(' ') as [string, string]);
  }

  get counts(): string {
    const acks = [...this.acknowledged.values()].reduce((sum, { size }) => sum + size, 0);
    return `${this.kills} kills, ${acks} acknowledged, ${this.lines(NOTES_FILE).length} notes, ${this.lines(JOBS_FILE).length} jobs`;
  }
}

test('DUR-8 killed at every point of a turn and at random, nothing acknowledged is lost and nothing is done twice', async (t) => {
  const stores = [1, 2].map((seed) => new Outside(temporaryFolder(t), seed));
  const lives = async (store: Outside): Promise<void> => {
    for (let round = 0; round < ROUNDS; round++) for (const point of FAULT_POINTS) await store.live(point);
    for (let kill = 0; kill < RANDOM_KILLS; kill++) await store.live('random');
    await store.live('finish');
  };
  await Promise.all(stores.map(lives));
  for (const store of stores) {
    t.diagnostic(store.counts);
    assert.deepEqual(store.faults, []);
  }
  assert.ok(stores.reduce((sum, { kills }) => sum + kills, 0) >= 40);
});
