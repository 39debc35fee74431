import type { Delivery, Dispatcher, LogLine, RecordFormats, Refusal } from '../dispatcher.js';
import { dispatchError, notConnected } from '../errors.js';
import { formOf, reasonOf } from '../form.js';
import type { FleetRecord } from '../record.js';

export interface LoggerDispatcherOptions {
  readonly formats: RecordFormats;
  /** Writes one line, or throws if it cannot. */
  readonly write: (line: LogLine) => void;
}

/**
 * Records as log lines (`record_payload`, section 6.3). Lines are for people, so it can never be the source of a
 * reliable acknowledgement. A record that has no line is logged as `record_logging_error` and refused.
 */
export function createLoggerDispatcher({ formats, write }: LoggerDispatcherOptions): Dispatcher {
  let isOpen = false;
  return {
    kind: 'logger',
    confirmation: 'shown',
    window: 1,
    connect: async () => {
      isOpen = true;
    },
    deliver: async (records) => (isOpen ? writeLines(records, formats, write) : notConnected()),
    close: async () => {
      isOpen = false;
    },
    // There is no connection to lose: a log that takes no lines shows when the next one is written.
    onLost: () => () => {},
  };
}

function writeLines(records: readonly FleetRecord[], formats: RecordFormats, write: (line: LogLine) => void): Delivery {
  const refused: Refusal[] = [];
  for (const [index, record] of records.entries()) {
    const lines = formOf(formats.logLines, record);
    try {
      if (lines.ok) for (const line of lines.value) write(line);
      else {
        const reason = reasonOf(lines.error);
        refused.push({ index, reason });
        const { type, vehicle, metadata } = record;
        const fields = { vin: vehicle, txtype: type, txid: metadata['txid'], metadata, error: reason };
        write({ level: 'error', message: 'record_logging_error', fields });
      }
    } catch (error) {
      const failure = dispatchError('DISPATCH_LOG_FAILED', 'the log takes no lines', error);
      return { delivered: index, refused: refused.filter((refusal) => refusal.index < index), failure };
    }
  }
  return { delivered: records.length, refused };
}
