import { html } from './dom.js';

const STORED_AS = 'fleetchart.token';

/** The bearer token of this browser tab: asked for once, forgotten with the tab. */
export class Token {
  private asking: Promise<string | undefined> | undefined;
  private isDeclined = false;

  get value(): string | undefined {
    return sessionStorage.getItem(STORED_AS) ?? undefined;
  }

  /**
   * Asks the person, together with everyone else who asks meanwhile. `undefined` when the person declines, and from
   * then on until {@link askAgain}.
   */
  ask(): Promise<string | undefined> {
    if (this.isDeclined) return Promise.resolve(undefined);
    this.asking ??= showDialog(this.value !== undefined).then((token) => {
      this.asking = undefined;
      if (token === undefined) this.isDeclined = true;
      else sessionStorage.setItem(STORED_AS, token);
      return token;
    });
    return this.asking;
  }

  askAgain(): Promise<string | undefined> {
    this.isDeclined = false;
    return this.ask();
  }
}

function showDialog(wasRefused: boolean): Promise<string | undefined> {
  const input = html('input', { type: 'password', name: 'token', required: true, autocomplete: 'off', id: 'token' });
  const cancel = html('button', { type: 'button' }, 'Not now');
  const form = html(
    'form',
    { method: 'dialog' },
    html('h2', {}, wasRefused ? 'This token was not accepted' : 'A token is needed'),
    html(
      'p',
      { class: 'muted' },
      'An operator token opens the console: it stands in the configuration of the hub, under http.tokens, or in the file that tokenFile names there. It is kept until this tab is closed.',
    ),
    html('label', { for: 'token' }, 'Token'),
    input,
    html('div', { class: 'dialog-actions' }, cancel, html('button', { type: 'submit', class: 'primary' }, 'Continue')),
  );
  const dialog = html('dialog', { 'aria-label': 'Token' }, form);
  document.body.append(dialog);
  return new Promise((resolve) => {
    let token: string | undefined;
    form.addEventListener('submit', () => {
      token = input.value.trim() || undefined;
    });
    cancel.addEventListener('click', () => dialog.close());
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(token);
    });
    dialog.showModal();
  });
}
