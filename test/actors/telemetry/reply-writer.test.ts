import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { describe, it } from 'node:test';
import { ReplyWriter } from '../../../src/actors/telemetry/reply-writer.js';
import { payloadsOf } from './frames.js';

function recorded() {
  const writes: Buffer[] = [];
  const socket = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      writes.push(chunk);
      done();
    },
  });
  return { writes, socket, writer: new ReplyWriter(socket) };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('the reply writer', () => {
  it('ING-4 writes all replies of a turn at once, in their order', async () => {
    const { writes, writer } = recorded();
    for (const text of ['a', 'b', 'c']) writer.push(Buffer.from(text));
    assert.equal(writes.length, 0);
    await turn();
    writer.push(Buffer.from('d'));
    await turn();
    assert.equal(writes.length, 2);
    assert.deepEqual(payloadsOf(Buffer.concat(writes)).map(String), ['a', 'b', 'c', 'd']);
    assert.equal(writer.written, Buffer.concat(writes).length);
  });

  it('frames replies of every length', async () => {
    const { writes, writer } = recorded();
    const lengths = [0, 1, 124, 125, 126, 127, 65_534, 65_535, 65_536, 70_000, 1_000_000];
    const replies = lengths.map((length) => Buffer.alloc(length, length % 251));
    for (const reply of replies) writer.push(reply);
    await turn();
    assert.equal(writes.length, 1);
    assert.deepEqual(payloadsOf(writes[0] as Buffer), replies);
  });

  it('LC-3 writes at once when asked, and nothing twice', async () => {
    const { writes, writer } = recorded();
    writer.push(Buffer.from('a'));
    writer.flush();
    assert.equal(writes.length, 1);
    await turn();
    writer.flush();
    assert.equal(writes.length, 1);
  });

  it('keeps quiet when the socket is gone', async () => {
    const { writes, socket, writer } = recorded();
    socket.destroy();
    writer.push(Buffer.from('a'));
    await turn();
    assert.deepEqual([writes.length, writer.written], [0, 0]);
  });
});
