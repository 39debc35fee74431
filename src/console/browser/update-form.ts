import { checkDesiredState, exampleOf, withActivity } from '../desired-state.js';
import { ApiError } from './api.js';
import { button, html, setAttribute, setText } from './dom.js';
import type { ViewContext } from './view.js';

/** Starts an update: a desired state as JSON, looked over before it is sent. */
export function updateForm({ api, notices }: ViewContext, domains: () => readonly string[], onSent: () => void) {
  const text = html('textarea', {
    id: 'desired-state',
    class: 'mono',
    rows: 16,
    spellcheck: 'false',
    autocomplete: 'off',
    autocapitalize: 'off',
    'aria-describedby': 'desired-state-verdict',
  });
  const verdict = html('p', { id: 'desired-state-verdict', class: 'verdict', role: 'status' });
  const send = html('button', { type: 'submit', class: 'primary' }, 'Start the update');
  let isTouched = false;
  let isSending = false;
  let shownFor = '';

  const say = (words: string, tone: 'good' | 'bad' | 'muted'): void => {
    setText(verdict, words);
    setAttribute(verdict, 'class', `verdict ${tone}`);
    setAttribute(text, 'aria-invalid', tone === 'bad' ? 'true' : undefined);
  };
  const look = (): void => {
    const checked = checkDesiredState(text.value);
    if (!checked.ok) {
      say(checked.detail, 'muted');
      return;
    }
    const unknown = checked.domains.filter((domain) => !domains().includes(domain));
    const known = domains().length === 0 || unknown.length === 0;
    say(known ? 'Ready to be sent.' : `No agent is configured for ${unknown.join(', ')}.`, 'muted');
  };
  const fill = (): void => {
    text.value = exampleOf(newActivity(), domains());
    look();
  };
  const example = button('Example', () => {
    isTouched = false;
    fill();
    text.focus();
  });
  text.addEventListener('input', () => {
    isTouched = true;
    look();
  });
  text.addEventListener('keydown', (key) => {
    if (key.key === 'Enter' && (key.ctrlKey || key.metaKey)) {
      key.preventDefault();
      form.requestSubmit();
    }
  });

  const submit = async (): Promise<void> => {
    const checked = checkDesiredState(text.value);
    if (!checked.ok) {
      say(checked.detail, 'bad');
      text.focus();
      if (checked.at !== undefined) text.setSelectionRange(checked.at, checked.at);
      return;
    }
    say('Sending …', 'muted');
    try {
      await api.post('/api/v1/updates', text.value);
      notices.say(`The update ${checked.activityId} was handed to the manager.`, 'good');
      text.value = withActivity(text.value, newActivity());
      look();
      onSent();
    } catch (error) {
      say(refusalOf(error), 'bad');
    }
  };
  const form = html(
    'form',
    { class: 'update-form' },
    html('label', { for: 'desired-state' }, 'Desired state, in its envelope'),
    text,
    verdict,
    html(
      'div',
      { class: 'form-actions' },
      send,
      example,
      html('span', { class: 'muted' }, 'Ctrl + Enter sends. Containers that it does not name are removed.'),
    ),
  );
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (isSending) return;
    isSending = true;
    send.disabled = true;
    await submit().finally(() => {
      isSending = false;
      send.disabled = false;
    });
  });
  const summary = html('summary', {}, html('h2', {}, 'Start an update'));
  const element = html('details', { class: 'panel start-update' }, summary, form);
  return {
    element,
    /** The domains are known, or others than before. */
    refresh(): void {
      const known = domains().join(' ');
      if (isTouched || (text.value !== '' && shownFor === known)) return;
      shownFor = known;
      fill();
    },
  };
}

let counter = 0;

/** An id that a person can tell from others: when, and how many of this page. */
function newActivity(): string {
  counter += 1;
  const at = new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
  return `console-${at}-${counter}`;
}

function refusalOf(error: unknown): string {
  const reason = error instanceof Error ? error.message : String(error);
  if (!(error instanceof ApiError)) return reason;
  if (error.status === 403) return `Not sent: your token may look, and not change anything. ${reason}`;
  return error.status === 0 ? 'Not sent: there is no connection. Try again.' : `Not taken: ${reason}`;
}
