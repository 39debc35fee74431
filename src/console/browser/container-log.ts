import { LogReader, WaitingLines } from '../log-lines.js';
import type { LogLineView } from '../vehicle-types.js';
import { countWords } from '../words.js';
import { type Api, ApiError } from './api.js';
import { button, html, setAttribute, setText } from './dom.js';

/** Lines on the page, and lines that wait while it is paused. */
const MOST_LINES = 1000;
const TAIL = 200;
/** How near to the end still means at the end, px. */
const NEAR = 24;

/** The log of a container, followed as long as it is shown. */
export class ContainerLog {
  readonly element: HTMLElement;
  private readonly list = html('div', { class: 'log', tabindex: 0, role: 'region', 'aria-label': 'Log' });
  private readonly note = html('p', { class: 'muted log-note', role: 'status' });
  private readonly waiting = new WaitingLines(MOST_LINES);
  private readonly again = button('Follow again', () => this.follow());
  private end = new AbortController();
  private isPaused = false;
  private isScheduled = false;
  private isFollowing = false;

  constructor(
    private readonly api: Api,
    private readonly id: string,
  ) {
    const pause = button('Pause', () => {
      this.isPaused = !this.isPaused;
      setText(pause, this.isPaused ? 'Go on' : 'Pause');
      setAttribute(pause, 'aria-pressed', String(this.isPaused));
      if (this.isPaused) this.say();
      else this.schedule();
    });
    const clear = button('Clear', () => {
      this.waiting.take();
      this.list.replaceChildren();
      this.say();
    });
    const head = html('header', { class: 'side-head' }, html('h2', {}, 'Log'), this.again, pause, clear);
    this.element = html('section', { class: 'panel side' }, head, this.note, this.list);
  }

  get hasEnded(): boolean {
    return !this.isFollowing;
  }

  /** From the last lines on, in place of what is shown. */
  follow(): void {
    this.end.abort();
    this.end = new AbortController();
    this.waiting.take();
    this.list.replaceChildren();
    void this.read(this.end.signal);
  }

  close(): void {
    this.end.abort();
  }

  private async read(signal: AbortSignal): Promise<void> {
    const reader = new LogReader();
    const path = `/api/v1/containers/${encodeURIComponent(this.id)}/logs?follow=true&tail=${TAIL}`;
    const onPiece = (text: string): void => {
      this.waiting.add(reader.read(text));
      if (this.isPaused) this.say();
      else this.schedule();
    };
    this.setFollowing(true);
    try {
      await this.api.stream(path, onPiece, signal);
      if (!signal.aborted) this.ended('The log has ended.');
    } catch (error) {
      if (signal.aborted) return;
      const isRefusal = error instanceof ApiError && error.status !== 0;
      this.ended(isRefusal ? error.message : 'The connection to the log was lost.');
    }
  }

  private ended(why: string): void {
    this.setFollowing(false);
    setText(this.note, why);
    setAttribute(this.note, 'hidden', false);
  }

  private setFollowing(isFollowing: boolean): void {
    this.isFollowing = isFollowing;
    setAttribute(this.again, 'hidden', isFollowing);
    if (isFollowing) this.say();
  }

  private say(): void {
    const { size, lost } = this.waiting;
    const dropped = lost === 0 ? '' : `, ${countWords(lost)} older ones are left out`;
    const paused = `Paused; ${size === 1 ? '1 line waits' : `${countWords(size)} lines wait`}${dropped}.`;
    const empty = this.list.childElementCount === 0 ? 'Nothing in it yet; lines appear as they come.' : '';
    if (!this.isFollowing) return;
    const text = this.isPaused ? paused : empty;
    setText(this.note, text);
    setAttribute(this.note, 'hidden', text === '');
  }

  /** Many lines become one change of the page, which stays where a person reads, and else at its end. */
  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    requestAnimationFrame(() => {
      this.isScheduled = false;
      const { scrollHeight, scrollTop, clientHeight } = this.list;
      const isAtEnd = scrollHeight - scrollTop - clientHeight < NEAR;
      this.list.append(...this.waiting.take().map(lineElement));
      while (this.list.childElementCount > MOST_LINES) this.list.firstElementChild?.remove();
      if (isAtEnd) this.list.scrollTop = this.list.scrollHeight;
      this.say();
    });
  }
}

function lineElement({ stream, text }: LogLineView): HTMLElement {
  return html('div', { class: stream === 'stderr' ? 'log-line stderr' : 'log-line' }, text === '' ? '\u00a0' : text);
}
