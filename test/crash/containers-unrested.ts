/** States of the charts of containers that no scenario rests in, and why. */
import type { Unrested } from './matrix.js';

const LEFT_AT_ONCE = 'left in the turn that enters it';

export const UNRESTED: Unrested = {
  'container choosing': LEFT_AT_ONCE,
  'container-update-agent downloading.choosing': LEFT_AT_ONCE,
  'container-update-agent updating.choosing': LEFT_AT_ONCE,
  'container-update-agent activating.choosing': LEFT_AT_ONCE,
  'container-update-agent rollingBack.choosing': LEFT_AT_ONCE,
  'deployment choosing': LEFT_AT_ONCE,
  'software-updatable installing.next': LEFT_AT_ONCE,
  'software-updatable removing.next': LEFT_AT_ONCE,
};

/** Of the process engine. */
export const UNRESTED_PROCESSES: Unrested = {
  ...UNRESTED,
  'container dead': 'a process is there or not; that of an engine with such a status is tried on the simulated one',
};
