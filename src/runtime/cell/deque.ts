/**
 * A first-in first-out queue with cheap operations at both ends of an array that is compacted now and then. An empty one
 * holds no array: there are several to each actor.
 */
export class Deque<T> {
  private items: Array<T | undefined> | undefined;
  private head = 0;

  get length(): number {
    return this.items === undefined ? 0 : this.items.length - this.head;
  }

  push(item: T): void {
    if (this.items === undefined) this.items = [item];
    else this.items.push(item);
  }

  shift(): T | undefined {
    const { items } = this;
    if (items === undefined) return undefined;
    const item = items[this.head];
    items[this.head++] = undefined;
    if (this.head === items.length) {
      this.items = undefined;
      this.head = 0;
    } else if (this.head > 1024 && this.head * 2 > items.length) {
      this.items = items.slice(this.head);
      this.head = 0;
    }
    return item;
  }

  peek(): T | undefined {
    return this.items?.[this.head];
  }

  /** Puts items back in front, in the order given. */
  unshift(items: readonly T[]): void {
    if (items.length === 0) return;
    this.items = [...items, ...this.rest()];
    this.head = 0;
  }

  drain(): T[] {
    const rest = this.rest();
    this.items = undefined;
    this.head = 0;
    return rest;
  }

  private rest(): T[] {
    return (this.items?.slice(this.head) ?? []) as T[];
  }
}
