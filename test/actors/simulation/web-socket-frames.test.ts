import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  clientFrame,
  clientHeaderBytes,
  closePayload,
  OPCODE,
  readClose,
  ServerFrames,
} from '../../../src/actors/simulation/web-socket-frames.js';
import { seededIds } from '../../../src/runtime/index.js';
import { unmasked } from './sent-records.js';

const { uniform } = seededIds('frames');

/** A frame as a server sends it. */
function serverFrame(opcode: number, payload: Uint8Array, isFinal = true): Buffer {
  const { length } = payload;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = (isFinal ? 0x80 : 0) | opcode;
  head[1] = length < 126 ? length : length < 65_536 ? 126 : 127;
  if (head.length === 4) head.writeUInt16BE(length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, payload]);
}

function reader(mostBytes = 1_000_000) {
  const messages: Buffer[] = [];
  const pings: Buffer[] = [];
  const closes: Buffer[] = [];
  const frames = new ServerFrames(
    {
      message: (payload) => void messages.push(Buffer.from(payload)),
      ping: (payload) => void pings.push(Buffer.from(payload)),
      closeFrame: (payload) => void closes.push(Buffer.from(payload)),
    },
    mostBytes,
  );
  return { frames, messages, pings, closes };
}

test('a client frame carries its payload under its mask, whatever the length', () => {
  for (const length of [0, 1, 125, 126, 127, 65_535, 65_536, 100_000]) {
    const payload = Buffer.alloc(length, 0xa5);
    const frame = clientFrame(OPCODE.binary, payload, 0x3c);
    assert.equal(frame.length, clientHeaderBytes(length) + length);
    assert.deepEqual(unmasked(frame), [{ opcode: OPCODE.binary, payload }]);
  }
});

test('messages are put together from chunks of any size', () => {
  const sent = [0, 3, 125, 126, 300, 65_535, 65_536, 70_000, 1].map((length) =>
    Buffer.from(Array.from({ length }, () => Math.floor(256 * uniform()))),
  );
  const stream = Buffer.concat(sent.map((message) => serverFrame(OPCODE.binary, message)));
  for (const most of [1, 2, 7, 1_000, 1_000_000]) {
    const { frames, messages } = reader();
    for (let at = 0; at < stream.length; ) {
      const size = most === 1 ? 1 : 1 + Math.floor(most * uniform());
      assert.equal(frames.push(Buffer.from(stream.subarray(at, at + size))), undefined);
      at += size;
    }
    assert.deepEqual(messages, sent);
  }
});

test('a message in fragments is one message, and control frames may come in between', () => {
  const { frames, messages, pings } = reader();
  const parts = [
    serverFrame(OPCODE.binary, Buffer.from('one'), false),
    serverFrame(OPCODE.ping, Buffer.from('still there?')),
    serverFrame(OPCODE.continuation, Buffer.from('two'), false),
    serverFrame(OPCODE.continuation, Buffer.from('three')),
    serverFrame(OPCODE.binary, Buffer.from('four')),
  ];
  assert.equal(frames.push(Buffer.concat(parts)), undefined);
  assert.deepEqual(messages.map(String), ['onetwothree', 'four']);
  assert.deepEqual(pings.map(String), ['still there?']);
});

test('a close frame tells its code and reason', () => {
  const { frames, closes } = reader();
  frames.push(serverFrame(OPCODE.close, closePayload(1001, 'going away')));
  assert.deepEqual(closes.map(readClose), [{ code: 1001, reason: 'going away' }]);
  assert.deepEqual(readClose(Buffer.alloc(0)), { code: 1005, reason: '' });
});

test('what a server may not send is refused', () => {
  const masked = clientFrame(OPCODE.binary, Buffer.from('x'), 7);
  const huge = Buffer.from([0x82, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
  const wrong: readonly (readonly [string, Buffer])[] = [
    ['masked', masked],
    ['reserved', Buffer.from([0xc2, 0])],
    ['opcode', Buffer.from([0x83, 0])],
    ['continuation', serverFrame(OPCODE.continuation, Buffer.from('x'))],
    ['inside', Buffer.concat([serverFrame(2, Buffer.from('x'), false), serverFrame(2, Buffer.from('x'))])],
    ['control', serverFrame(OPCODE.ping, Buffer.alloc(126))],
    ['control', serverFrame(OPCODE.ping, Buffer.alloc(1), false)],
    ['bytes', huge],
    ['bytes', serverFrame(OPCODE.binary, Buffer.alloc(2_000))],
    ['bytes', Buffer.concat([serverFrame(2, Buffer.alloc(900), false), serverFrame(0, Buffer.alloc(900))])],
  ];
  for (const [word, bytes] of wrong) assert.match(reader(1_000).frames.push(bytes) ?? 'nothing', new RegExp(word));
});

test('noise never throws', () => {
  for (let round = 0; round < 5_000; round++) {
    const { frames } = reader(10_000);
    const noise = Buffer.from(Array.from({ length: 40 }, () => Math.floor(256 * uniform())));
    if (frames.push(noise.subarray(0, 20)) === undefined) frames.push(noise.subarray(20));
  }
});
