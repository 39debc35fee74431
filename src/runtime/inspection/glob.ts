/** Longest pattern that is taken. */
const LONGEST = 600;

/**
 * Whether an address fits a pattern, `*` standing for any part. Linear in the address for each `*`, whatever the pattern:
 * it comes from a viewer, and the loop is everybody's.
 */
export class Glob {
  private readonly parts: readonly string[];

  constructor(pattern: string) {
    this.parts = pattern.slice(0, LONGEST).split('*');
  }

  test(address: string): boolean {
    const { parts } = this;
    const first = parts[0] ?? '';
    const last = parts.at(-1) ?? '';
    if (parts.length === 1) return address === first;
    if (!address.startsWith(first) || address.length < first.length + last.length || !address.endsWith(last))
      return false;
    let at = first.length;
    for (const part of parts.slice(1, -1)) {
      const found = address.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return at <= address.length - last.length;
  }
}
