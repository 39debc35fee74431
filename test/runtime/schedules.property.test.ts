import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import type { ActorType } from '../../src/runtime/actor-type.js';
import { type LedgerContext, type LedgerEvent, ledgerEvent, ledgerFaults, ledgerType } from '../fakes/ledger.js';
import { type TestSystem, testSystem, turnsOfLoop } from '../fakes/runtime.js';
import { contextOf, Receiver } from '../fakes/scripted.js';

/** More with `FLEETCHART_PROPERTY_RUNS`. */
const RUNS = Number(process.env['FLEETCHART_PROPERTY_RUNS'] ?? 25);
const SEED = Number(process.env['FLEETCHART_PROPERTY_SEED'] ?? 20_260_101);
const ACTORS = 3;

type Step =
  | {
      readonly kind: 'operate';
      readonly actor: number;
      readonly to: number | null;
      readonly note: boolean;
      readonly stored: boolean;
    }
  | { readonly kind: 'timer'; readonly actor: number; readonly delayMs: number }
  | { readonly kind: 'fail'; readonly actor: number; readonly stored: boolean }
  | { readonly kind: 'sleep'; readonly actor: number }
  | { readonly kind: 'turns'; readonly turns: number }
  | { readonly kind: 'advance'; readonly ms: number }
  | { readonly kind: 'crash'; readonly offMs: number }
  | { readonly kind: 'reopen'; readonly offMs: number };

const actor = fc.nat(ACTORS - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('operate' as const),
      actor,
      to: fc.option(actor),
      note: fc.boolean(),
      stored: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('timer' as const), actor, delayMs: fc.nat(5_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('fail' as const), actor, stored: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('sleep' as const), actor }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('turns' as const), turns: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('advance' as const), ms: fc.nat(2_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const), offMs: fc.nat(3_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const), offMs: fc.nat(3_000) }) },
);

/** The world around a store: what it asked for, and what came back before each crash. */
class Run {
  private readonly receiver = new Receiver();
  private readonly acknowledged = new Map<string, Set<string>>();
  private readonly noted = new Set<string>();
  private ids = 0;
  /** What an earlier life of the store does after its crash does not count. */
  private life = 0;
  private now: TestSystem | undefined;

  constructor(
    private readonly t: TestContext,
    private readonly mailbox: NonNullable<ActorType['mailbox']>,
  ) {}

  async take(steps: readonly Step[]): Promise<string[]> {
    this.now = await testSystem(this.t, this.types());
    for (const next of steps) await this.step(next, this.now);
    // Whatever is under way comes to its end.
    await this.now.clock.advance(20_000);
    const { system } = this.now;
    const books = new Map<string, LedgerContext>();
    for (const address of system.addresses('ledger'))
      books.set(address, contextOf<LedgerContext>(system, address) as LedgerContext);
    const faults = ledgerFaults(books, {
      acknowledged: this.acknowledged,
      notes: this.receiver.once,
      noted: this.noted,
    });
    for (const address of system.addresses('ledger')) {
      const stored = system.view(address)?.mailbox;
      if (stored && stored.depth + stored.stored > 0) faults.push(`${address} has messages left`);
    }
    if (system.outboxSize > 0) faults.push('the outbox has outputs left');
    await system.stop(0);
    return faults;
  }

  private types(): ActorType[] {
    const life = this.life;
    return [
      ledgerType((output, context) => (life === this.life ? this.receiver.effect(output, context) : undefined), {
        mailbox: this.mailbox,
        idleAfterMs: 1_000,
      }),
    ];
  }

  private async step(next: Step, now: TestSystem): Promise<void> {
    const id = String(++this.ids);
    const address = (index: number): string => `ledger/${index}`;
    switch (next.kind) {
      case 'operate': {
        const to = next.to === null ? {} : { to: address(next.to) };
        if (next.note) this.noted.add(id);
        this.tell(now, address(next.actor), { type: 'OP', id, note: next.note, ...to }, id, next.stored);
        break;
      }
      case 'timer':
        this.tell(now, address(next.actor), { type: 'TIMER', id, delayMs: next.delayMs }, id, false);
        break;
      case 'fail':
        this.tell(now, address(next.actor), { type: 'BAD', id }, undefined, next.stored);
        break;
      case 'sleep':
        now.system.cell(address(next.actor))?.sleep();
        break;
      case 'turns':
        await turnsOfLoop(next.turns);
        break;
      case 'advance':
        await now.clock.advance(next.ms);
        break;
      case 'crash':
        this.life++;
        this.now = await now.crash(this.types(), now.clock.now() + next.offMs);
        break;
      case 'reopen':
        this.now = await now.reopen(undefined, now.clock.now() + next.offMs);
        break;
    }
  }

  private tell(now: TestSystem, address: string, event: LedgerEvent, id: string | undefined, stored: boolean): void {
    const life = this.life;
    const acknowledged = (): void => {
      if (life !== this.life || id === undefined) return;
      const ids = this.acknowledged.get(address) ?? new Set();
      this.acknowledged.set(address, ids.add(id));
    };
    if (stored) now.system.tellStored(address, ledgerEvent(event)).then(acknowledged, () => {});
    else now.system.tell(address, ledgerEvent(event), { acknowledged });
  }
}

for (const [what, mailbox] of [
  ['with room', { capacity: 1_000 }],
  ['with mailboxes of two messages', { capacity: 2 }],
] as const) {
  test(`DUR-8 whatever happens in whatever order, nothing acknowledged is lost and nothing is done twice, ${what}`, async (t) => {
    const property = fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      assert.deepEqual(await new Run(t, mailbox).take(steps), []);
    });
    await fc.assert(property, {
      numRuns: RUNS,
      seed: SEED,
      endOnFailure: process.env['FLEETCHART_PROPERTY_RUNS'] === undefined,
    });
  });
}
