import { rootCertificates } from 'node:tls';
import type { Clock } from '../../runtime/index.js';
import { certificatesOf, type Known, known, type ShownCertificate, shown } from './certificates.js';
import { type Check, hasProblem, ok, problem } from './check.js';
import { authorityName, checkAuthorities, checkClientCertificate } from './client-checks.js';
import { type Handshake, Prober, type ProbeTarget, serverNameOf } from './probe.js';
import { checkAlpn, checkClock, checkMutual, checkStatus, checkUpgrade, checkVersions } from './protocol-checks.js';
import { checkServerChain, checkServerName } from './server-chain.js';
import { reasonOf } from './words.js';

export interface TlsDiagnosisOptions extends ProbeTarget {
  /** Of a vehicle, PEM: its certificate first, then those that it sends along. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** What the vehicle trusts, PEM. Undefined: the authorities of this machine. */
  readonly ca?: string | undefined;
  readonly clock: Clock;
  /** For each connection, milliseconds. @default 10000 */
  readonly probeMs?: number;
}

export interface TlsDiagnosis {
  /** Nothing has to be mended. */
  readonly ok: boolean;
  /** `host:port` */
  readonly target: string;
  readonly checks: readonly Check[];
  /** As the server sent them. */
  readonly certificates: readonly ShownCertificate[];
  /** Names of the authorities whose certificates the server asks for; null if that is not known. */
  readonly authorities: readonly string[] | null;
}

/** Connects as a vehicle would, several times and one after the other, and explains what it sees. */
export async function diagnoseTls(options: TlsDiagnosisOptions): Promise<TlsDiagnosis> {
  return new Diagnosis(options).run();
}

class Diagnosis {
  private readonly prober: Prober;
  private readonly checks: Check[] = [];
  private readonly chain: readonly Known[];
  private readonly hasCertificate: boolean;

  constructor(private readonly options: TlsDiagnosisOptions) {
    const { host, port, clock, probeMs, cert, key } = options;
    this.prober = new Prober({ host, port }, clock, probeMs);
    this.chain = certificatesOf(cert ?? '');
    const [leaf] = this.chain;
    this.hasCertificate = leaf !== undefined && key !== undefined;
  }

  async run(): Promise<TlsDiagnosis> {
    const { host, clock, key } = this.options;
    const client = checkClientCertificate(this.chain, key, clock.now());
    const isUsable =
      this.hasCertificate && client.every(({ id, status }) => id !== 'client.certificate' || status === 'ok');
    const credentials = isUsable ? { cert: this.options.cert, key } : {};
    const base = { ...credentials, ca: this.options.ca, serverName: serverNameOf(host) };
    const first = await this.prober.shake(base);
    this.checks.push(reached(this.target, first));
    const sent = sentBy(first);
    if (!first.isConnected || isNoTls(first)) return this.result(client, sent, first);

    const plain = { ca: this.options.ca };
    const named = { ...plain, serverName: base.serverName };
    const unnamed = base.serverName === undefined ? first : await this.prober.shake(plain);
    this.checks.push(
      ...checkServerChain({
        ...{ host, sent, verdict: await this.verdict(first, base), now: clock.now() },
        anchors: certificatesOf(this.options.ca ?? rootCertificates.join('\n')),
        hasOwnCa: this.options.ca !== undefined,
      }),
      checkServerName(host, sent[0], sentBy(unnamed)[0]),
      checkVersions({
        tls12: await this.prober.shake({ ...base, versions: ['TLSv1.2', 'TLSv1.2'] }),
        tls13: await this.prober.shake({ ...base, versions: ['TLSv1.3', 'TLSv1.3'] }),
        older: await this.prober.shake({ ...base, versions: ['TLSv1', 'TLSv1.1'], ciphers: 'DEFAULT@SECLEVEL=0' }),
      }),
      checkAlpn({
        none: first,
        http1: await this.prober.shake({ ...base, alpn: ['http/1.1'] }),
        both: await this.prober.shake({ ...base, alpn: ['h2', 'http/1.1'] }),
      }),
      checkAuthorities(first.flight, this.chain),
      checkMutual(await this.prober.get('/status', named)),
    );
    this.checks.push(...client);
    if (isUsable) {
      const status = await this.prober.get('/status', base);
      this.checks.push(checkStatus(status), checkClock(status), checkUpgrade(await this.prober.upgrade(base)));
    }
    return this.result([], sent, first);
  }

  /** Where the handshake failed, nobody has judged the chain: under TLS 1.2 a missing certificate of the client comes first. */
  private async verdict(first: Handshake, base: object): Promise<string | undefined> {
    if (first.error === undefined) return first.verdict;
    const again = await this.prober.shake({ ...base, versions: ['TLSv1.3', 'TLSv1.3'] });
    return again.error === undefined ? again.verdict : undefined;
  }

  private get target(): string {
    const { host, port } = this.options;
    return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  }

  private result(more: readonly Check[], sent: readonly Known[], { flight }: Handshake): TlsDiagnosis {
    const checks = [...this.checks, ...more];
    return {
      ok: !hasProblem(checks),
      target: this.target,
      checks,
      certificates: sent.map(shown),
      authorities: flight?.request?.authorities.map(authorityName) ?? null,
    };
  }
}

const sentBy = ({ flight }: Handshake): readonly Known[] =>
  (flight?.certificates ?? []).flatMap((der) => known(der) ?? []);

const isNoTls = ({ flight }: Handshake): boolean => flight === undefined || flight.version === 0;

function reached(target: string, { isConnected, address, error, protocol, cipher, flight }: Handshake): Check {
  const id = 'connection';
  const where = address === '' ? target : `${target} (${address})`;
  if (!isConnected) {
    return problem(id, `${where} cannot be reached: ${reasonOf(error)}`, {
      next: 'check name, port, routes and firewalls between here and there, and that the server runs',
    });
  }
  if (error === undefined) return ok(id, `${where} is reached by ${protocol} with ${cipher}`);
  if (flight?.isComplete) return ok(id, `${where} is reached; it ends the handshake: ${reasonOf(error)}`);
  return problem(id, `${where} is reached, and no handshake comes about: ${reasonOf(error)}`, {
    next: 'use the port of the telemetry listener, which a hub prints at its start, without a proxy that speaks something else',
  });
}
