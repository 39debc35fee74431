/** Writes DER piece by piece, right or wrong, for certificates that no tool would make. */
export function tagged(tag: number, content: Uint8Array): Buffer {
  const length = content.length;
  const header =
    length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(header), content]);
}

export function bytes(ascii: string): Buffer {
  return Buffer.from(ascii, 'latin1');
}

export function text(tag: number, value: string): Buffer {
  return tagged(tag, Buffer.from(value, 'utf8'));
}

export function oid(dotted: string): Buffer {
  const [first = 0n, second = 0n, ...rest] = dotted.split('.').map(BigInt);
  const content = [first * 40n + second, ...rest].flatMap((arc) => {
    const groups = [Number(arc & 0x7fn)];
    for (let left = arc >> 7n; left > 0n; left >>= 7n) groups.unshift(Number(left & 0x7fn) | 0x80);
    return groups;
  });
  return tagged(0x06, Buffer.from(content));
}

export function attribute(type: string, value: Uint8Array): Buffer {
  return tagged(0x30, Buffer.concat([oid(type), value]));
}

/** One relative name an attribute. */
export function name(...attributes: readonly Uint8Array[]): Buffer {
  return tagged(0x30, Buffer.concat(attributes.map((each) => tagged(0x31, each))));
}

export function extension(type: string, value: Uint8Array): Buffer {
  return tagged(0x30, Buffer.concat([oid(type), tagged(0x04, value)]));
}

export function validity(end: Uint8Array): Buffer {
  return tagged(0x30, Buffer.concat([tagged(0x17, bytes('250101000000Z')), end]));
}

/** A certificate of the given parts and otherwise of the shortest; its signature is no signature. */
export function certificate(parts: {
  subject?: Uint8Array;
  validity?: Uint8Array;
  extensions?: readonly Uint8Array[];
}): Buffer {
  const empty = tagged(0x30, Buffer.alloc(0));
  const extensions = parts.extensions ?? [];
  const body = Buffer.concat([
    tagged(0x02, Buffer.of(1)),
    empty,
    empty,
    parts.validity ?? validity(tagged(0x17, bytes('350101000000Z'))),
    parts.subject ?? empty,
    empty,
    ...(extensions.length === 0 ? [] : [tagged(0xa3, tagged(0x30, Buffer.concat(extensions)))]),
  ]);
  return tagged(0x30, Buffer.concat([tagged(0x30, body), empty, tagged(0x03, Buffer.of(0))]));
}
