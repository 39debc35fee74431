import type { Address } from '../address.js';
import { Glob } from './glob.js';

/** Takes one message; false if the viewer does not keep up and the message is lost. */
export type SendToViewer = (text: string) => boolean;

/** Patterns of one viewer; more are not taken. */
const MOST_PATTERNS = 100;

/** What one viewer did not get since it came, and whether it gets nothing at present (MBX-5). */
export interface InspectionLoss {
  readonly type: 'fleetchart.lost';
  readonly lost: number;
  readonly isShedding: boolean;
  readonly createdAt: string;
}

/** One open page, or one `fleetchart inspect`. */
export class Viewer {
  readonly patterns = new Map<string, Glob>();
  /** Actors that it was told of. */
  readonly introduced = new Set<Address>();
  /** Events it did not get. */
  lost = 0;
  /** Of those, how many it was told of. */
  toldLost = 0;

  constructor(readonly send: SendToViewer) {}

  /** Whether it sees each event of the actor, having named its address, or only its states. */
  opened(address: Address): boolean {
    return this.patterns.has(address);
  }

  watches(address: Address): boolean {
    if (this.patterns.has(address)) return true;
    for (const pattern of this.patterns.values()) if (pattern.test(address)) return true;
    return false;
  }

  /** False if it watches that already, or too much. */
  add(pattern: string): boolean {
    if (this.patterns.has(pattern) || this.patterns.size >= MOST_PATTERNS) return false;
    this.patterns.set(pattern, new Glob(pattern));
    return true;
  }

  remove(pattern: string): void {
    this.patterns.delete(pattern);
    for (const address of this.introduced) if (!this.watches(address)) this.introduced.delete(address);
  }

  /** Tells it what it has lost since it came, and whether it gets nothing at present. */
  tellLost(isShedding: boolean, at: number): void {
    const { lost } = this;
    const note: InspectionLoss = { type: 'fleetchart.lost', lost, isShedding, createdAt: String(at) };
    if (this.send(JSON.stringify(note))) this.toldLost = lost;
  }
}
