import { html } from './dom.js';

const SHOWN_MS = 6000;

/** Short messages about what a person just did; read out by screen readers. */
export class Notices {
  readonly element = html('div', { class: 'notices', role: 'status', 'aria-live': 'polite' });

  say(text: string, tone: 'good' | 'bad'): void {
    const notice = html('p', { class: `notice ${tone}` }, text);
    this.element.append(notice);
    setTimeout(() => notice.remove(), SHOWN_MS);
  }

  /** Runs an action of the operator and says how it went. */
  async attempt<T>(action: () => Promise<T>, done: string | ((result: T) => string)): Promise<void> {
    try {
      const result = await action();
      this.say(typeof done === 'string' ? done : done(result), 'good');
    } catch (error) {
      this.say(error instanceof Error ? error.message : String(error), 'bad');
    }
  }
}
