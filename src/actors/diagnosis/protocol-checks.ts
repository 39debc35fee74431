/** Versions of TLS, application protocols, and what is said inside (FT-TLS-3, FT-TLS-7, FT-WS-9). */
import { type Check, ok, problem, skipped, warning } from './check.js';
import type { Handshake, HttpAnswer, Upgrade } from './probe.js';
import { reasonOf } from './words.js';

const CLOCK_WARNING_MS = 60_000;
const CLOCK_PROBLEM_MS = 300_000;

/** Whether a handshake came about, be it that a certificate of the client was missing in the end. */
const wentThrough = ({ error, flight }: Handshake): boolean => error === undefined || flight?.isComplete === true;

export interface VersionProbes {
  readonly tls12: Handshake;
  readonly tls13: Handshake;
  /** TLS 1.0 and 1.1. */
  readonly older: Handshake;
}

/** FT-TLS-7: 1.2 is the least. */
export function checkVersions({ tls12, tls13, older }: VersionProbes): Check {
  const id = 'server.versions';
  const found = [wentThrough(tls12) ? 'TLS 1.2' : '', wentThrough(tls13) ? 'TLS 1.3' : ''].filter(Boolean);
  if (found.length === 0) {
    return problem(id, `the server speaks neither TLS 1.2 nor TLS 1.3: ${reasonOf(tls12.error)}`, {
      next: 'let it offer both, with current ciphers',
    });
  }
  if (older.error === undefined) {
    return warning(id, `the server speaks ${found.join(' and ')}, and ${older.protocol}, which is broken`, {
      next: 'let it offer nothing below TLS 1.2; no vehicle needs it',
    });
  }
  const [only] = found;
  if (found.length === 1) {
    return warning(id, `the server speaks ${only} alone`, {
      next: 'let it offer TLS 1.2 and 1.3: vehicles use either',
    });
  }
  return ok(id, `the server speaks ${found.join(' and ')}, and nothing older`);
}

export interface AlpnProbes {
  /** None is asked for, as vehicles do. */
  readonly none: Handshake;
  readonly http1: Handshake;
  readonly both: Handshake;
}

/** FT-TLS-7: HTTP/2 knows no upgrade. */
export function checkAlpn({ none, http1, both }: AlpnProbes): Check {
  const id = 'server.alpn';
  if (!wentThrough(none)) return skipped(id, 'without a handshake there is nothing to say of ALPN');
  const next = 'let whatever ends TLS offer http/1.1 alone: a WebSocket of this protocol cannot be made over HTTP/2';
  if (!wentThrough(http1)) {
    return problem(id, `the server refuses a client that asks for http/1.1 by ALPN: ${reasonOf(http1.error)}`, {
      next,
    });
  }
  const forced = [none, http1].find(({ alpn }) => alpn === 'h2');
  if (forced) return problem(id, 'the server answers with h2 whom did not ask for it', { next });
  if (both.alpn === 'h2') {
    return warning(id, 'a client that offers h2 by ALPN gets it, and cannot upgrade to a WebSocket', {
      details: ['vehicles offer none, or http/1.1; test clients and proxies may offer h2'],
      next,
    });
  }
  return ok(id, 'ALPN is no trap: with none, with http/1.1 and with h2 offered, the server speaks HTTP/1.1');
}

/** An alert of TLS, or an end before any answer. */
const REFUSED = /_ALERT_|^(?:ECONNRESET|EPIPE|ECONNABORTED)$/;

/** FT-TLS-3: without a certificate no byte of HTTP is answered. */
export function checkMutual({ error, status }: HttpAnswer): Check {
  const id = 'server.mutual';
  if (error?.code === 'ETIMEDOUT') return warning(id, 'a client without a certificate gets no answer at all');
  // An answer that broke off is one all the same.
  if (error && status === 0) {
    if (REFUSED.test(error.code)) return ok(id, 'a client without a certificate is refused in the handshake');
    return warning(id, `whether a client without a certificate is refused cannot be said: ${reasonOf(error)}`, {
      next: 'run it again, and see what stands between here and the telemetry listener',
    });
  }
  return problem(id, `a client without a certificate is answered with HTTP ${status}`, {
    next: 'something that ends TLS stands in front of the telemetry listener, or its clients need no certificate: let TLS pass through',
  });
}

/** `GET /status` (section 1.2). */
export function checkStatus({ error, status, body }: HttpAnswer): Check {
  const id = 'http.status';
  if (error) {
    return problem(id, `with the vehicle's certificate /status is not answered: ${reasonOf(error)}`, {
      next: "let the server trust the authority of the vehicle's certificate (tls.ca_file), which may have been made anew under the same name, and see its log: it has the reason",
    });
  }
  if (status === 200 && body === 'mtls ok') return ok(id, 'with the vehicle\'s certificate /status answers "mtls ok"');
  return warning(id, `/status answers HTTP ${status} ${JSON.stringify(body.slice(0, 100))} instead of "mtls ok"`, {
    next: 'check that host and port are those of the telemetry listener, and not of an API or a proxy',
  });
}

/** The server's clock by the `Date` of its answer, which has whole seconds. */
export function checkClock({ headers, at }: HttpAnswer): Check {
  const id = 'clock';
  const date = Date.parse(String(headers['date'] ?? ''));
  if (Number.isNaN(date)) return skipped(id, 'the server tells no time, so that its clock cannot be compared');
  const offMs = date - at;
  const seconds = Math.round(Math.abs(offMs) / 1_000);
  const off = `the server's clock is ${seconds} s ${offMs < 0 ? 'behind' : 'ahead of'} this machine's`;
  const next =
    'let both take the time from the network (NTP): certificates are judged by it, and records are stamped with it';
  if (Math.abs(offMs) >= CLOCK_PROBLEM_MS) return problem(id, off, { next });
  if (Math.abs(offMs) >= CLOCK_WARNING_MS) return warning(id, off, { next });
  return ok(id, "the server's clock agrees with this machine's");
}

/** FT-WS-9: whom the server does not know it drops behind the 101. */
export function checkUpgrade(upgrade: Upgrade): Check {
  const id = 'websocket';
  switch (upgrade.kind) {
    case 'open':
      return ok(id, 'the WebSocket opens and stays: the server takes this vehicle');
    case 'dropped': {
      const said = `${upgrade.code}${upgrade.reason === '' ? '' : ` ${upgrade.reason}`}`;
      return problem(id, `the WebSocket opens and is ended at once (${said}): the server knows no such vehicle`, {
        next: 'it trusts the certificate, but its issuer is in none of its tables: see client.identity above and the log of the server',
      });
    }
    case 'answered': {
      const moved = upgrade.location === undefined ? '' : ` (to ${upgrade.location})`;
      return problem(id, `the upgrade to a WebSocket is answered with HTTP ${upgrade.status}${moved} instead of 101`, {
        next: 'a proxy that does not pass upgrades on, or another service: connect to the telemetry listener itself',
      });
    }
    case 'failed':
      return problem(id, `no WebSocket comes about: ${reasonOf(upgrade.error)}`, {
        next: 'see the checks above, and the log of the server',
      });
  }
}
