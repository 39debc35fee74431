/** One entry on screen: made once, then told of every newer version of what it shows. */
export interface Entry<T> {
  readonly element: Element;
  update(item: T): void;
}

/** Shows a list so that entries keep their element while their key stays: focus, selection and open parts survive. */
export class KeyedList<T> {
  private entries = new Map<string, Entry<T>>();

  constructor(
    private readonly container: Element,
    private readonly keyOf: (item: T) => string,
    private readonly create: (item: T) => Entry<T>,
  ) {}

  update(items: readonly T[]): void {
    const next = new Map<string, Entry<T>>();
    let before: Element | null = this.container.firstElementChild;
    for (const item of items) {
      const key = this.keyOf(item);
      if (next.has(key)) continue;
      const entry = this.entries.get(key) ?? this.create(item);
      next.set(key, entry);
      entry.update(item);
      if (entry.element === before) before = before.nextElementSibling;
      else this.container.insertBefore(entry.element, before);
    }
    for (const [key, entry] of this.entries) if (!next.has(key)) entry.element.remove();
    this.entries = next;
  }
}
