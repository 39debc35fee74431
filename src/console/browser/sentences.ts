import { html, setText } from './dom.js';

/** Shows a paragraph for each sentence; a live page changes only what is said anew. */
export function showSentences(container: HTMLElement, sentences: readonly string[]): void {
  while (container.childElementCount > sentences.length) container.lastElementChild?.remove();
  while (container.childElementCount < sentences.length) container.append(html('p'));
  sentences.forEach((sentence, index) => {
    const line = container.children[index];
    if (line !== undefined) setText(line, sentence);
  });
}
