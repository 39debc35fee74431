import type { Command } from 'commander';
import { type ApiOptions, callApi } from './api-client.js';
import type { LettersOptions } from './dead-letters.js';
import { CliError, exitCodes, QuietExit } from './exit-code.js';
import { type Output, outputOf } from './output.js';

/** As the API answers. */
interface Letter {
  readonly id: string;
  readonly address: string;
  readonly message: unknown;
  readonly error: { readonly code?: string; readonly message: string };
  readonly at: number;
}

interface LettersAnswer {
  readonly deadLetters: readonly Letter[];
  readonly next: string | null;
  readonly kept: number;
  readonly dropped: number;
}

interface ReplayAnswer {
  readonly replayed: number;
  readonly refused: readonly Stayed[];
  readonly next: string | null;
}

interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

/** A letter that stays, and why. */
interface Stayed extends Refusal {
  readonly id: string;
}

interface Progress {
  readonly replayed: number;
  readonly refused: readonly Stayed[];
  /** Why it ended before all were looked at. */
  readonly ended?: Refusal;
}

/** What became of one argument. */
interface Outcome extends Progress {
  readonly which: string;
}

const PATH = '/api/v1/dead-letters';
/** Most that one request takes. */
const PAGE = 1_000;
/** Letters of one replay: soon enough to show how far it is. */
const STEP = 250;
/** Of the letters that stay; `--json` names all. */
const MOST_SHOWN = 10;

export async function listDeadLetters(
  command: Command,
  address: string | undefined,
  options: LettersOptions,
): Promise<void> {
  const output = outputOf(command);
  const { limit = PAGE } = options;
  const deadLetters: Letter[] = [];
  let answer: LettersAnswer;
  let cursor: string | null = null;
  do {
    const query = new URLSearchParams({ limit: String(Math.min(PAGE, limit - deadLetters.length)) });
    if (address !== undefined) query.set('address', address);
    if (cursor !== null) query.set('cursor', cursor);
    answer = await callApi<LettersAnswer>(options, 'GET', `${PATH}?${query}`);
    deadLetters.push(...answer.deadLetters);
    cursor = answer.next;
  } while (cursor !== null && deadLetters.length < limit);
  const { kept, dropped } = answer;
  output.result(deadLetters.map(lineOf).join('\n'), { deadLetters, kept, dropped });
  if (deadLetters.length === 0)
    output.note(`there are no dead letters${address === undefined ? '' : ` of ${address}`}`);
  output.note(`${kept} are kept in all${dropped > 0 ? `; ${dropped} older ones were deleted for want of room` : ''}`);
}

const lineOf = ({ id, at, address, message, error }: Letter): string =>
  [id, new Date(at).toISOString(), address, wordsOf(message), reasonOf(error)].join('  ');

/** What it is: a record, a publication, a message for an actor. */
function wordsOf(message: unknown): string {
  const { type, vehicle, topic, event, kind } = (message ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof vehicle === 'string') return `${type} of ${vehicle}`;
  if (typeof topic === 'string') return `publication to ${topic}`;
  const inner = (event as { type?: unknown } | undefined)?.type;
  return String(inner ?? type ?? kind ?? 'message');
}

/** The reason of a destination begins with a code of its own. */
const reasonOf = ({ code, message }: Letter['error']): string =>
  code === undefined || /^[A-Z]+_[A-Z_]+: /.test(message) ? message : `${code}: ${message}`;

export async function replayDeadLetters(
  command: Command,
  which: readonly string[],
  options: LettersOptions,
): Promise<void> {
  const output = outputOf(command);
  const outcomes: Outcome[] = [];
  for (const each of which) {
    const { replayed, refused, ended } = each.includes('/')
      ? await replayAll(output, each, options)
      : await replayOne(each, options);
    outcomes.push({ which: each, replayed, refused, ...(ended ? { ended } : {}) });
  }
  output.result(outcomes.map(sentence).join('\n'), outcomes);
  for (const { which: each, refused, ended } of outcomes) {
    for (const { id, message } of refused.slice(0, MOST_SHOWN)) output.note(`${id} stays: ${message}`);
    if (refused.length > MOST_SHOWN) output.note(`and ${refused.length - MOST_SHOWN} more; --json names them`);
    if (!ended) continue;
    output.note(`${each.includes('/') ? `the rest of ${each}` : each} stays: ${ended.message}`);
    if (ended.hint !== undefined) output.note(`    ${ended.hint}`);
  }
  if (outcomes.some(({ refused, ended }) => refused.length > 0 || ended)) throw new QuietExit(exitCodes.failed);
}

async function replayOne(id: string, options: ApiOptions): Promise<Progress> {
  try {
    await callApi(options, 'POST', `${PATH}/${encodeURIComponent(id)}/replay`);
    return { replayed: 1, refused: [] };
  } catch (error) {
    return { replayed: 0, refused: [], ended: refusalOf(error) };
  }
}

/** What the process refused. One that could not be asked at all refuses nothing. */
function refusalOf(error: unknown, wasAsked = false): Refusal {
  if (!(error instanceof CliError) || (error.code === 'CLI_FAILED' && !wasAsked)) throw error;
  const { code, message, hint } = error;
  return { code, message, ...(hint === undefined ? {} : { hint }) };
}

/** Request by request, so that the process goes on with its work and one sees how far it is. */
async function replayAll(output: Output, address: string, options: LettersOptions): Promise<Progress> {
  const { limit = Number.POSITIVE_INFINITY } = options;
  const progress = output.progress();
  const refused: Stayed[] = [];
  let replayed = 0;
  let cursor: string | null = null;
  try {
    do {
      const body = { address, limit: Math.min(STEP, limit - replayed), ...(cursor === null ? {} : { cursor }) };
      const answer: ReplayAnswer = await callApi<ReplayAnswer>(options, 'POST', `${PATH}/replay`, body);
      replayed += answer.replayed;
      refused.push(...answer.refused);
      cursor = answer.next;
      progress.update(`${address}: ${replayed} replayed, ${refused.length} stay`);
    } while (cursor !== null && replayed < limit);
  } catch (error) {
    return { replayed, refused, ended: refusalOf(error, replayed > 0) };
  } finally {
    progress.done();
  }
  return { replayed, refused };
}

function sentence({ which, replayed, refused, ended }: Outcome): string {
  if (!which.includes('/')) return `${which} is ${ended ? 'not ' : ''}replayed`;
  if (replayed === 0 && refused.length === 0 && !ended) return `there are no dead letters of ${which}`;
  return `${replayed === 1 ? '1 dead letter' : `${replayed} dead letters`} of ${which} replayed`;
}
