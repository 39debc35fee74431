import type { NoticeSource } from '../../protocols/airbrake/index.js';

/** An error that a person should know of although nobody reads the log. */
export type ErrorReport = NoticeSource;

/**
 * Where errors are reported. A sink never throws, never waits and never holds up what it reports of; what it cannot
 * send is counted and given up.
 */
export interface ErrorSink {
  report(report: ErrorReport): void;
  /** Sends what waits, for so long at most. */
  close(deadlineMs: number): Promise<void>;
}

/** A sink that passes on to several; none of them is fine. */
export function sinks(all: readonly ErrorSink[]): ErrorSink {
  return {
    report: (report) => {
      for (const sink of all) sink.report(report);
    },
    close: async (deadlineMs) => {
      await Promise.all(all.map((sink) => sink.close(deadlineMs)));
    },
  };
}
