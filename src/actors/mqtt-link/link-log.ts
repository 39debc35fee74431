import type { Clock, Logger } from '../../runtime/index.js';
import type { LinkError } from './errors.js';

const MINUTE_MS = 60_000;
/** A connection that lasted for so long ends a series of short ones. */
const STEADY_MS = 10_000;
/** Losses one after another, each soon after the connection, that look like two clients in turns. */
const MANY_CUTS = 3;

export interface LinkLogOptions {
  readonly link: string;
  readonly clientId: string;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly logger: Logger;
}

/**
 * Says when the broker of a link comes and goes. Each kind of line is written at once, and again after a minute at the
 * soonest, with how many were left out; a connection that lasted begins anew.
 */
export class LinkLog {
  private upSince: number | undefined;
  private cuts = 0;
  private readonly written = new Map<string, { readonly at: number; unlogged: number }>();

  constructor(private readonly options: LinkLogOptions) {}

  up(url: string): void {
    this.upSince = this.options.clock.monotonic();
    this.write('info', { url }, 'mqtt_link_up');
  }

  /** The connection was lost, and not by this side. */
  down(url: string, error: LinkError): void {
    const lastedMs = this.options.clock.monotonic() - (this.upSince ?? 0);
    const isShort = this.upSince !== undefined && lastedMs < STEADY_MS;
    if (!isShort) this.written.clear();
    this.cuts = isShort ? this.cuts + 1 : 0;
    this.write('warn', { url, code: error.code, cause: error.message }, 'mqtt_link_down');
    if (this.cuts < MANY_CUTS) return;
    const { clientId } = this.options;
    const fields = { url, clientId, do: 'look for another client with the same id, and in the log of the broker' };
    this.write('warn', fields, 'mqtt_link_cut_again_and_again');
  }

  /** A try to get a connection came to nothing. */
  failed(url: string, { code, message: cause }: Pick<LinkError, 'code' | 'message'>): void {
    this.write('warn', { url, code, cause }, 'mqtt_link_failed');
  }

  private write(level: 'info' | 'warn', fields: object, message: string): void {
    const { clock, link, logger } = this.options;
    const at = clock.monotonic();
    const last = this.written.get(message);
    if (last && at - last.at < MINUTE_MS) {
      last.unlogged++;
      return;
    }
    this.written.set(message, { at, unlogged: 0 });
    logger[level]({ link, ...fields, ...(last && last.unlogged > 0 ? { repeated: last.unlogged } : {}) }, message);
  }
}
