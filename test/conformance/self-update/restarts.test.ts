import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AGENT, AgentUnderTest, FakeDevice, URL } from '../../fakes/self-update.js';

const COMMANDS = ['DOWNLOAD', 'UPDATE', 'ACTIVATE', 'CLEANUP'] as const;

describe('restored as it was', () => {
  const waiting: readonly (readonly [state: string, commands: readonly string[], rest: readonly string[]])[] = [
    ['identified.waiting', [], ['DOWNLOAD_SUCCESS', 'UPDATE_SUCCESS', 'ACTIVATION_SUCCESS', 'COMPLETE']],
    ['downloading.downloaded', ['DOWNLOAD'], ['UPDATE_SUCCESS', 'ACTIVATION_SUCCESS', 'COMPLETE']],
    ['updating.updated', ['DOWNLOAD', 'UPDATE'], ['ACTIVATION_SUCCESS', 'COMPLETE']],
    ['activate.activated', ['DOWNLOAD', 'UPDATE', 'ACTIVATE'], ['COMPLETE']],
  ];
  for (const how of ['crash', 'reopen'] as const) {
    for (const [state, commands, rest] of waiting) {
      it(`SUA-52 SUA-27 ${state} after a ${how}: it waits on, says nothing, and comes to its end`, async (t) => {
        const before = await AgentUnderTest.connected(t);
        await before.want('2.0');
        await before.commands(...commands);
        const agent = await before.again(how);
        await agent.up();
        assert.equal(agent.state, state);
        assert.deepEqual(agent.said(), []);
        for (const [index, command] of COMMANDS.slice(commands.length).entries()) {
          await agent.command(command);
          assert.equal(agent.said().at(-1), rest[index]);
        }
      });
    }
  }

  it('SUA-52 failed', async (t) => {
    const before = await AgentUnderTest.connected(t);
    before.device.downloads = { progress: [0], result: new Error('HTTP 404') };
    await before.want('2.0');
    await before.command('DOWNLOAD');
    const agent = await before.again('crash');
    await agent.up();
    await agent.command('CLEANUP');
    assert.deepEqual(agent.said(), ['CLEANUP_SUCCESS', 'INCOMPLETE']);
  });
});

describe('begun anew', () => {
  it('SUA-52 SUA-16 connected and idle read the version again, and forget the id', async (t) => {
    for (const state of ['connected', 'idle']) {
      const before = await AgentUnderTest.connected(t);
      if (state === 'idle') await before.get('g1');
      assert.equal(before.state, state);
      before.device.booted = '1.5';
      const agent = await before.again('crash');
      assert.equal(agent.state, 'uninitialized.offline');
      await agent.up();
      assert.ok(!('activityId' in agent.last));
      assert.equal(agent.last.payload.softwareNodes?.[1]?.version, '1.5');
    }
  });

  it('SUA-52 uninitialized, reading and offline', async (t) => {
    const device = new FakeDevice();
    device.hold('booted');
    const first = await AgentUnderTest.start(t, {}, device);
    assert.equal(first.state, 'uninitialized.reading');
    const second = await first.again('crash');
    device.release('booted');
    await second.reaches('uninitialized.offline');
    const third = await second.again('crash');
    assert.equal(third.state, 'uninitialized.offline');
    await third.up();
    assert.deepEqual(third.said(), ['currentstate']);
  });
});

describe('repeated', () => {
  /** [state, the call that is held, what came before it, what is said after the crash] */
  const busy: readonly (readonly [
    state: string,
    call: string,
    commands: readonly string[],
    said: readonly string[],
  ])[] = [
    ['downloading.transferring', 'download', ['DOWNLOAD'], ['DOWNLOADING', 'DOWNLOAD_SUCCESS']],
    ['updating.checking', 'inspect', ['DOWNLOAD', 'UPDATE'], ['UPDATE_SUCCESS']],
    ['updating.writing', 'install', ['DOWNLOAD', 'UPDATE'], ['UPDATE_SUCCESS']],
    ['updating.holding', 'mark rootfs.0', ['DOWNLOAD', 'UPDATE'], []],
    ['activate.marking', 'mark rootfs.1', ['DOWNLOAD', 'UPDATE', 'ACTIVATE'], ['ACTIVATION_SUCCESS']],
    ['cleanup', 'discard', [...COMMANDS], ['CLEANUP_SUCCESS', 'COMPLETE']],
    ['rollingBack', 'discard', ['DOWNLOAD', 'ROLLBACK'], ['ROLLBACK_SUCCESS']],
  ];
  for (const [state, call, commands, said] of busy) {
    it(`SUA-52 ${state} does its step again, and what waited in the inbox follows`, async (t) => {
      const before = await AgentUnderTest.connected(t);
      before.device.hold(call);
      await before.want('2.0');
      await before.commands(...commands);
      await before.reaches(state);
      await before.want('2.0', 'later');
      const steps = before.device.calls.length;
      const agent = await before.again('crash');
      assert.equal(agent.state, state);
      assert.equal(agent.device.calls.length, steps + 1, 'one step more, and no other');
      agent.published.length = 0;
      agent.device.release(call);
      await agent.reaches('identified.waiting');
      const words = agent.messages
        .filter(({ activityId }) => activityId !== 'later')
        .map(({ payload }) => payload.status);
      assert.deepEqual(
        words,
        said.filter((word) => word !== 'DOWNLOADING'),
      );
      assert.equal(agent.last.activityId, 'later');
    });
  }

  it('SUA-52 identified.evaluating', async (t) => {
    const before = await AgentUnderTest.connected(t);
    before.device.hold('booted');
    await before.want('2.0');
    const agent = await before.again('crash');
    assert.equal(agent.state, 'identified.evaluating');
    agent.device.release('booted');
    await agent.reaches('identified.waiting');
    assert.deepEqual(agent.said().slice(-1), ['IDENTIFIED']);
  });

  it('SUA-33 SUA-52 a repeated step has the key of the first try, another one has its own', async (t) => {
    const before = await AgentUnderTest.connected(t);
    before.device.hold('download');
    await before.want('2.0');
    await before.command('DOWNLOAD');
    const agent = await before.again('crash');
    const [first, second] = agent.device.keys;
    assert.equal(first, second);
    agent.device.release('download');
    await agent.reaches('downloading.downloaded');
    await agent.want('2.0', 'a2', `${URL}?again`);
    await agent.command('DOWNLOAD', 'a2');
    assert.notEqual(agent.device.keys.at(-1), first);
  });

  it('SUA-52 an install survives three restarts; the fourth ends it', async (t) => {
    let agent = await AgentUnderTest.connected(t);
    agent.device.hold('install');
    await agent.want('2.0');
    await agent.commands('DOWNLOAD', 'UPDATE');
    for (let restart = 1; restart <= 3; restart++) {
      agent = await agent.again('crash');
      assert.equal(agent.state, 'updating.writing');
    }
    agent = await agent.again('crash');
    assert.equal(agent.state, 'failed');
    await agent.up();
    assert.equal(agent.last.payload.actions?.[0]?.message, 'Interrupted');
    assert.deepEqual(agent.said(), ['UPDATE_FAILURE']);
  });
});

describe('a reboot', () => {
  const outcomes: readonly (readonly [what: string, boot: string, booted: string | undefined, ended: string])[] = [
    ['into the new system', 'boot-2', '2.0', 'COMPLETE'],
    ['back into the old one', 'boot-2', '1.0', 'INCOMPLETE'],
    ['that did not happen', 'boot-1', '1.0', 'COMPLETE'],
    ['after which nobody knows what runs', 'boot-2', undefined, 'INCOMPLETE'],
    ['that did not happen, and nobody knows what runs', 'boot-1', undefined, 'COMPLETE'],
  ];
  for (const [what, boot, booted, ended] of outcomes) {
    it(`SUA-53 ${what}: ${ended}`, async (t) => {
      const before = await AgentUnderTest.connected(t);
      await before.want('2.0');
      await before.commands('DOWNLOAD', 'UPDATE', 'ACTIVATE');
      Object.assign(before.device, { boot, booted });
      const agent = await before.again('crash');
      await agent.up();
      assert.equal(agent.state, 'activate.activated');
      await agent.command('CLEANUP');
      const message = agent.last.payload.actions?.[0]?.message;
      const why = booted === undefined ? 'cannot be read after the reboot.' : 'differs from the activated one.';
      if (ended === 'INCOMPLETE') assert.equal(message, `Booted version ${why}`);
      assert.deepEqual(agent.said(), ['CLEANUP_SUCCESS', ended]);
    });
  }

  it('SUA-43 D-19 a rollback after it names the slot that was booted before', async (t) => {
    const before = await AgentUnderTest.connected(t);
    await before.want('2.0');
    await before.commands('DOWNLOAD', 'UPDATE', 'ACTIVATE');
    before.device.boot = 'boot-2';
    const agent = await before.again('reopen');
    await agent.command('ROLLBACK');
    assert.equal(agent.device.calls.at(-1), 'mark active rootfs.0');
  });
});

describe('what is not lost', () => {
  it('spec 11 D-16 what is published while the broker is away is sent in order when it is back', async (t) => {
    const agent = await AgentUnderTest.connected(t);
    let back = (): void => {};
    agent.offline = new Promise((resolve) => {
      back = resolve;
    });
    await agent.want('2.0');
    await agent.command('DOWNLOAD');
    assert.deepEqual(agent.said(), []);
    back();
    await agent.settled();
    assert.deepEqual(agent.said(), ['IDENTIFYING', 'IDENTIFIED', 'DOWNLOADING', 'DOWNLOAD_SUCCESS']);
  });

  it('spec 12 it goes on with the settings of the new start; a running activity keeps its mode', async (t) => {
    const before = await AgentUnderTest.connected(t);
    await before.want('2.0');
    const agent = await before.again('reopen', { mode: 'stream', imageName: 'another' });
    await agent.get('g');
    assert.equal(agent.last.payload.softwareNodes?.[1]?.name, 'another');
    await agent.command('DOWNLOAD');
    assert.equal(agent.device.calls.at(-1), `download ${URL}`);
    await agent.want('3.0', 'a2');
    await agent.command('DOWNLOAD', 'a2');
    assert.equal(agent.device.calls.at(-1), `inspect ${URL}`);
  });

  it('spec 12 nothing is left in the store when an activity has ended', async (t) => {
    const agent = await AgentUnderTest.connected(t);
    await agent.want('2.0');
    await agent.commands(...COMMANDS);
    assert.equal(agent.system.outboxSize, 0);
    assert.deepEqual([...agent.system.commit.range('inbox', '', '\uffff')], []);
    assert.deepEqual(agent.system.deadLetters.list(), []);
    assert.deepEqual(agent.system.view(AGENT)?.lastError, null);
  });
});
