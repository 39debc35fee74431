import { type Clock, type Fields, type Ids, type Logger, PeerLines } from '../../runtime/index.js';
import type { ErrorSink } from '../error-reports/index.js';

/** What a request says of itself, as far as lines repeat it. */
export interface RequestFacts {
  /** Address and port. */
  readonly remote: string;
  readonly method: string;
  readonly path: string;
  readonly userAgent: string;
  readonly forwardedFor: string;
}

export interface RequestLogOptions {
  readonly logger: Logger;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Whether requests have lines of their own (`request_start`, `request_end`), as in the reference. */
  readonly isReference: boolean;
  /** Where upgrades that fail are reported. */
  readonly errors?: Pick<ErrorSink, 'report'> | undefined;
}

/** One request on the TLS port, of a vehicle until its connection ends. */
export interface LoggedRequest {
  /** A line about it, unless its peer is told enough of. */
  info(fields: Fields, message: string): void;
  /** It is answered, or its connection has ended. */
  end(): void;
}

/** Requests that come to nothing, of one address and kind. */
const STRANGERS_A_MINUTE = 1;
/** Connections of one vehicle: more than any needs, whatever its network does. */
const CONNECTIONS_A_MINUTE = 10;

/** Logs requests from their start to their end, so many a minute of each peer; what is left out is counted. */
export class RequestLog {
  private readonly strangers: PeerLines;
  private readonly vehicles: PeerLines;

  constructor(private readonly options: RequestLogOptions) {
    const { clock } = options;
    this.strangers = new PeerLines({ clock, perMinute: STRANGERS_A_MINUTE });
    this.vehicles = new PeerLines({ clock, perMinute: CONNECTIONS_A_MINUTE });
  }

  /** A request that no vehicle's connection comes of; `kind` is its status or a short word of our own. */
  answered(request: RequestFacts, address: string, kind: string): LoggedRequest {
    const untold = this.strangers.tell(`${kind} ${address}`);
    if (untold !== undefined && kind.startsWith('4')) this.failed(request, kind);
    return this.begin(request, untold);
  }

  /** An upgrade that was asked for in a way that none is given (spec 8.4). */
  private failed({ method, path, userAgent, remote }: RequestFacts, status: string): void {
    this.options.errors?.report({
      at: this.options.clock.now(),
      type: 'upgrade',
      message: `websocket: the request is no upgrade: answered with ${status}`,
      severity: 'error',
      params: { status_code: Number(status) },
      request: { method, path, userAgent, remote },
    });
  }

  /** The connection of a vehicle. */
  connected(request: RequestFacts, deviceId: string): LoggedRequest {
    return this.begin(request, this.vehicles.tell(deviceId));
  }

  private begin({ method, path, remote }: RequestFacts, untold: number | undefined): LoggedRequest {
    if (untold === undefined) return UNTOLD;
    const { ids, isReference } = this.options;
    const facts = isReference ? { uuid: ids.uuid(), method, urlPath: path, remote_ip: remote } : undefined;
    return new ToldRequest(this.options, untold, facts);
  }
}

class ToldRequest implements LoggedRequest {
  private readonly since: number;

  /** `facts`: of its own lines, where it has some. */
  constructor(
    private readonly log: RequestLogOptions,
    private readonly untold: number,
    private readonly facts: Fields | undefined,
  ) {
    this.since = log.clock.monotonic();
    if (facts) this.info(facts, 'request_start');
  }

  info(fields: Fields, message: string): void {
    const { untold, log } = this;
    log.logger.info(untold > 0 ? { ...fields, repeated: untold } : fields, message);
  }

  end(): void {
    const { facts, log, since } = this;
    if (facts) this.info({ ...facts, duration_ms: Math.round(log.clock.monotonic() - since) }, 'request_end');
  }
}

const UNTOLD: LoggedRequest = { info: () => {}, end: () => {} };
