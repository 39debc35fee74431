import { stat } from 'node:fs/promises';
import type { Clock, TimerHandle } from '../clock.js';
import { errorRecord } from '../errors.js';
import type { Logger } from '../logging/log.js';
import { readTlsFiles, TlsError, type TlsFiles, type TlsSnapshot } from './tls-files.js';

// Certificates that change while a listener runs. Invariants:
// 1. `current` was complete and consistent when it was read; a broken replacement changes nothing.
// 2. Connections keep the context they were accepted with.
// 3. Files are looked at by polling, not by notification: that sees what a mounted volume swaps by symbolic links, what
//    network file systems do, and files that were missing. They are read once two looks in a row agree, so that
//    a certificate and key that are copied one after the other are not read in between.

/** What happened on a reload. `kept`: the new files cannot be used, the old material stays. */
export type TlsReload = 'unchanged' | 'reloaded' | 'kept';

export interface TlsMaterialOptions {
  readonly files: TlsFiles;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'info' | 'error'>;
  /** How often the files are looked at, in ms; 0 leaves it to {@link TlsMaterial.reload}. @default 5 000 */
  readonly pollMs?: number;
  /** Throws what speaks against showing this, at start and at each reload. */
  readonly check?: (read: TlsSnapshot) => void;
}

const DEFAULT_POLL_MS = 5_000;

/** A server's certificate, key and client authorities from files, exchanged when the files change (FT-TLS-2). */
export class TlsMaterial {
  private pollTimer: TimerHandle | undefined;
  private lastLook: string;
  private lastRead: string;
  private reloading: Promise<TlsReload> | undefined;
  private isClosed = false;

  private constructor(
    private readonly options: TlsMaterialOptions,
    private snapshot: TlsSnapshot,
    look: string,
  ) {
    this.lastLook = look;
    this.lastRead = look;
  }

  /**
   * Reads the files for the first time and begins to watch them.
   *
   * @throws TlsError
   */
  static async load(options: TlsMaterialOptions): Promise<TlsMaterial> {
    const look = await lookAt(options.files);
    const read = await readTlsFiles(options.files);
    options.check?.(read);
    const material = new TlsMaterial(options, read, look);
    material.logLoaded('tls certificate loaded');
    material.arm();
    return material;
  }

  /** For connections that are accepted from now on; each keeps what it began with. */
  get current(): TlsSnapshot {
    return this.snapshot;
  }

  /** Epoch milliseconds at which what the server shows begins to be refused. */
  get expiresAt(): number {
    return this.snapshot.expiresAt;
  }

  /** Reads the files again, as SIGHUP asks for. Never rejects: what is wrong is logged. */
  reload(): Promise<TlsReload> {
    this.reloading ??= this.read().finally(() => {
      this.reloading = undefined;
    });
    return this.reloading;
  }

  /** Stops watching; `current` stays usable. */
  close(): void {
    this.isClosed = true;
    this.options.clock.clearTimeout(this.pollTimer);
  }

  private async read(): Promise<TlsReload> {
    const { files, log } = this.options;
    this.lastRead = await lookAt(files);
    this.lastLook = this.lastRead;
    let read: TlsSnapshot;
    try {
      read = await readTlsFiles(files);
      this.refuseWorse(read);
      this.options.check?.(read);
    } catch (error) {
      log.error({ files, error: errorRecord(error) }, 'tls files cannot be used, the certificate in use is kept');
      return 'kept';
    }
    if (read.digest === this.snapshot.digest) return 'unchanged';
    this.snapshot = read;
    this.logLoaded('tls certificate reloaded');
    return 'reloaded';
  }

  /** An expired certificate is better than none at start, where the clock may be wrong, but not than a valid one. */
  private refuseWorse(read: TlsSnapshot): void {
    const now = this.options.clock.now();
    if (read.expiresAt > now || this.snapshot.expiresAt <= now) return;
    const end = new Date(read.expiresAt).toISOString();
    throw new TlsError('TLS_CERTIFICATE_INVALID', `what is in ${this.options.files.certificate} expired on ${end}`);
  }

  private logLoaded(message: string): void {
    const { log, clock, files } = this.options;
    const { certificate, expiresAt, clientAuthorities } = this.snapshot;
    const fields = {
      certificate: files.certificate,
      subject: certificate.subject,
      names: certificate.subjectAltName,
      sha256: certificate.fingerprint256,
      expiresAt: new Date(expiresAt).toISOString(),
      clientAuthorities: clientAuthorities.map(({ subject }) => subject),
    };
    log.info(fields, message);
    if (expiresAt <= clock.now()) log.error(fields, 'tls certificate has expired, clients will refuse it: renew it');
  }

  private arm(): void {
    const { clock, pollMs = DEFAULT_POLL_MS } = this.options;
    if (this.isClosed || pollMs === 0) return;
    this.pollTimer = clock.setTimeout(() => void this.poll(), pollMs);
  }

  private async poll(): Promise<void> {
    const look = await lookAt(this.options.files);
    const isSettled = look === this.lastLook;
    this.lastLook = look;
    if (isSettled && look !== this.lastRead && !this.isClosed) await this.reload();
    this.arm();
  }
}

/** What changes when a file does: behind symbolic links, and also if it comes or goes. */
async function lookAt(files: TlsFiles): Promise<string> {
  const looks = [files.certificate, files.key, ...(files.clientAuthorities ?? [])].map(async (path) => {
    try {
      const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
      return [dev, ino, size, mtimeNs, ctimeNs].join(':');
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? 'unreadable';
    }
  });
  return (await Promise.all(looks)).join(' ');
}
