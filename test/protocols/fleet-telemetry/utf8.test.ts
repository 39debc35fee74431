import assert from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import { describe, it } from 'node:test';
import { checkUtf8 } from '../../../src/protocols/fleet-telemetry/utf8.js';

const EDGES = [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff];

function agrees(...sequence: number[]): void {
  const bytes = Uint8Array.from(sequence);
  const check = (): void => checkUtf8(bytes, 0, bytes.length);
  if (isUtf8(bytes)) check();
  else assert.throws(check, Buffer.from(bytes).toString('hex'));
}

describe('UTF-8 check', () => {
  it('FT-PB-2 agrees with Node on sequences of one and two bytes', () => {
    for (let lead = 0; lead < 0x100; lead += 1) {
      agrees(lead);
      for (const second of EDGES) agrees(lead, second);
    }
  });

  it('FT-PB-2 agrees with Node on sequences of three and four bytes', () => {
    for (let lead = 0xe0; lead < 0x100; lead += 1) {
      for (const second of EDGES) {
        for (const third of [0x7f, 0x80, 0xbf, 0xc0]) {
          agrees(lead, second, third);
          for (const fourth of [0x7f, 0x80, 0xbf, 0xc0]) agrees(lead, second, third, fourth);
        }
      }
    }
  });

  it('FT-PB-2 looks at nothing outside of the text', () => {
    checkUtf8(Uint8Array.of(0xff, 0xc3, 0xa9, 0xff), 1, 3);
    assert.throws(() => checkUtf8(Uint8Array.of(0xc3, 0xa9), 0, 1));
  });
});
