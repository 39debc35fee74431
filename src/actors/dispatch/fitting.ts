/** How many entries from the start fit into one request of so many entries and bytes; one that is larger goes alone. */
export function fitting(entries: readonly { readonly bytes: number }[], most: number, mostBytes: number): number {
  let bytes = 0;
  let count = 0;
  for (const entry of entries) {
    bytes += entry.bytes;
    if (count >= most || (count > 0 && bytes > mostBytes)) break;
    count++;
  }
  return count;
}
