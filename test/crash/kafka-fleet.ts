import assert from 'node:assert/strict';
import { setTimeout as after } from 'node:timers/promises';
import { testCertificates } from '../fakes/ingest-hub.js';
import { speed, Vehicle } from '../fakes/vehicle.js';

/** A type of record, what its acknowledgement promises, and how a vehicle paces it. */
interface Stream {
  readonly type: string;
  /** Records without an ack before the vehicle waits. */
  readonly window: number;
  /** Between an ack and the next record. */
  readonly pauseMs: number;
}

/** Acknowledged when it is in the spool: goes on while Kafka is down, so it must not come too fast. */
export const SPOOLED: Stream = { type: 'V', window: 4, pauseMs: 20 };
/** Acknowledged when Kafka has it. */
export const STORED: Stream = { type: 'R', window: 10, pauseMs: 5 };

/** Vehicles over all of their connections: they count on, and remember what was acknowledged. */
export class KafkaFleet {
  /** By the type and the VIN: the numbers of the records. */
  readonly acked = new Map<string, Set<number>>();
  readonly counts = { [SPOOLED.type]: 0, [STORED.type]: 0 };
  private readonly counters = new Map<string, number>();
  private cars: Vehicle[] = [];
  private isSending = true;

  constructor(readonly vins: readonly string[]) {}

  /** Connects every vehicle, which sends as it is acknowledged until the connection ends. */
  async drive(port: number): Promise<void> {
    const { authority, device } = await testCertificates();
    this.cars = await Promise.all(
      this.vins.map(async (vin) => {
        const credentials = await device(vin);
        const car = await Vehicle.open({ port, vin, credentials, serverCa: authority.certificatePem });
        car.onReply = ({ kind, txid }) => {
          assert.equal(kind, 'ack');
          this.onAck(car, txid);
        };
        for (const stream of [SPOOLED, STORED]) for (let i = 0; i < stream.window; i++) this.send(car, stream);
        return car;
      }),
    );
  }

  /** Resolves when every connection has ended, as that of a hub that was killed does. */
  async ended(): Promise<void> {
    await Promise.all(this.cars.map((car) => car.closed));
  }

  /** Sends no more, and resolves when one last record of each vehicle is in Kafka, with all that was spooled before. */
  async finish(): Promise<void> {
    this.isSending = false;
    await Promise.all(
      this.cars.map(async (car) => {
        const txid = this.txidOf(car.vin, STORED.type);
        assert.equal((await car.ask({ topic: STORED.type, txid, payload: Buffer.from('last') })).kind, 'ack');
      }),
    );
  }

  private onAck(car: Vehicle, txid: string): void {
    const [type = '', vin = '', number = ''] = txid.split('-');
    const key = `${type} ${vin}`;
    const known = this.acked.get(key) ?? new Set();
    this.acked.set(key, known.add(Number(number)));
    this.counts[type] = (this.counts[type] ?? 0) + 1;
    const stream = type === STORED.type ? STORED : SPOOLED;
    void after(stream.pauseMs).then(() => this.send(car, stream));
  }

  private send(car: Vehicle, { type }: Stream): void {
    if (!this.isSending || car.socket.readyState !== car.socket.OPEN) return;
    const txid = this.txidOf(car.vin, type);
    const number = Number(txid.split('-')[2]);
    car.send({ topic: type, txid, payload: type === SPOOLED.type ? speed(car.vin, number) : Buffer.from(txid) });
  }

  private txidOf(vin: string, type: string): string {
    const key = `${type} ${vin}`;
    const number = (this.counters.get(key) ?? 0) + 1;
    this.counters.set(key, number);
    return `${type}-${vin}-${number}`;
  }
}
