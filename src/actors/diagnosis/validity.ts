import { isoOf, type Known } from './certificates.js';
import { type Check, ok, problem, warning } from './check.js';

const DAY_MS = 86_400_000;
/** From when on an end is near. */
const SOON_DAYS = 30;

/** When certificates are good, and the first that is not. `whose`: "the server's", say. */
export function checkValidity(id: string, whose: string, chain: readonly Known[], now: number): Check {
  const hint = `this machine says ${isoOf(now)}: correct its clock if that is wrong`;
  const unborn = chain.find(({ facts }) => facts.notBefore > now);
  if (unborn) {
    const from = `${unborn.subject} is not valid before ${isoOf(unborn.facts.notBefore)}`;
    return problem(id, `${whose} certificates: ${from}`, { next: `wait, or issue it with the right time; ${hint}` });
  }
  const first = chain.reduce<Known | undefined>(
    (soonest, each) => (soonest && soonest.facts.notAfter <= each.facts.notAfter ? soonest : each),
    undefined,
  );
  if (!first) return warning(id, `${whose} certificates could not be read`);
  const { notAfter } = first.facts;
  const days = Math.floor((notAfter - now) / DAY_MS);
  if (notAfter <= now) {
    const since = `${first.subject} expired on ${isoOf(notAfter)}`;
    return problem(id, `${whose} certificates: ${since}`, { next: `renew it; ${hint}` });
  }
  const until = `${first.subject} is the first to end, on ${isoOf(notAfter)} (in ${days} days)`;
  if (days >= SOON_DAYS) return ok(id, `${whose} certificates are valid: ${until}`);
  return warning(id, `${whose} certificates end soon: ${until}`, { next: 'renew it before that' });
}
