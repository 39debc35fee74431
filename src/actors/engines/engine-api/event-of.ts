import type { EngineEvent } from '../engine.js';
import { ourLabels } from './labels.js';

/** Both engines' names of what is looked at; of the others, `die` tells (POD-27). */
const CHANGES: Readonly<Record<string, EngineEvent['change']>> = {
  create: 'created',
  start: 'started',
  die: 'died',
  pause: 'paused',
  unpause: 'resumed',
  rename: 'renamed',
  remove: 'removed',
  destroy: 'removed',
};

/** Undefined for what is none of ours, or changes nothing. */
export function eventOf(item: Readonly<Record<string, unknown>>): EngineEvent | undefined {
  const attributes = (item['Actor'] as { Attributes?: Record<string, string> } | undefined)?.Attributes ?? {};
  const change = CHANGES[String(item['Action'] ?? item['status'] ?? '')];
  const ours = ourLabels(attributes);
  if (!change || !ours) return undefined;
  const { owner, id } = ours;
  const exitCode = Number.parseInt(attributes['containerExitCode'] ?? attributes['exitCode'] ?? '', 10);
  return change === 'died' && !Number.isNaN(exitCode) ? { owner, id, change, exitCode } : { owner, id, change };
}
