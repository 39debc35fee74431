const SPACE = /[ \t\n\r]*/y;
const TEXT = /"(?:[ !#-[\]-\u{10ffff}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/** Where a text stops being JSON, as `line:column`; its end if it only stops too early. */
export function placeOfJsonMistake(text: string): string {
  const before = text.slice(0, new JsonScan(text).end());
  return `${before.split('\n').length}:${before.length - before.lastIndexOf('\n')}`;
}

/** Passes over what is JSON; nesting is bounded by who asks. */
class JsonScan {
  private at = 0;

  constructor(private readonly text: string) {}

  end(): number {
    if (this.value()) this.take(SPACE);
    return this.at;
  }

  private value(): boolean {
    this.take(SPACE);
    if (this.mark('{')) return this.list('}', () => this.member());
    if (this.mark('[')) return this.list(']', () => this.value());
    return this.take(TEXT) || this.take(SCALAR);
  }

  private list(close: string, item: () => boolean): boolean {
    if (this.mark(close)) return true;
    while (item()) {
      if (this.mark(close)) return true;
      if (!this.mark(',')) return false;
    }
    return false;
  }

  private member(): boolean {
    this.take(SPACE);
    return this.take(TEXT) && this.mark(':') && this.value();
  }

  /** A bracket, comma or colon after any space. */
  private mark(character: string): boolean {
    this.take(SPACE);
    if (this.text[this.at] !== character) return false;
    this.at += 1;
    return true;
  }

  private take(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    if (!pattern.test(this.text)) return false;
    this.at = pattern.lastIndex;
    return true;
  }
}
