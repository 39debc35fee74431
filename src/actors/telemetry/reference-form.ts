import { logText } from '../../protocols/fleet-telemetry/index.js';
import type { LineForm, LogOptions } from '../../runtime/index.js';

/** A log whose lines have the reference's form (spec 8.3), as JSON or as text. */
export function referenceForm(format: 'json' | 'logfmt'): Pick<LogOptions, 'format' | 'base'> {
  const form = format === 'json' ? 'json' : 'text';
  const line: LineForm = (record) => logText(record, form);
  return { format: line, base: { context: 'fleet-telemetry' } };
}
