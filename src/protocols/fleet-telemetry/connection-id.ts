const DASHED = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const BARE = /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/;
const URN = 'urn:uuid:';

/**
 * The connection id that a vehicle asks for with `X-TXID`: a UUID in its dashed, bare, `urn:uuid:` or braced form, as
 * lower-case dashed text. Undefined if the header is absent or anything else: then the caller takes a random one
 * (FT-WS-3).
 */
export function connectionIdFrom(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const text = header.toLowerCase();
  const dashed = undressed(text);
  return DASHED.test(dashed) ? dashed : undefined;
}

function undressed(text: string): string {
  if (text.startsWith(URN)) return text.slice(URN.length);
  if (text.startsWith('{') && text.endsWith('}')) return text.slice(1, -1);
  return text.replace(BARE, '$1-$2-$3-$4-$5');
}
