import { encodeAlerts, encodeErrors } from '../../protocols/fleet-telemetry/records.js';

const ALERTS = [
  { name: 'SIM_a001_tyrePressureLow', audiences: ['Customer', 'Service'] },
  { name: 'SIM_a002_washerFluidLow', audiences: ['Customer'] },
  { name: 'SIM_a003_brakeWearHigh', audiences: ['Service'] },
  { name: 'SIM_a004_cabinSensorImplausible', audiences: ['Service', 'ServiceFix'] },
] as const;

const ERRORS = [
  { name: 'sim_modem_reset', body: 'the modem was restarted after 30 s without registration' },
  { name: 'sim_gps_lost', body: 'no position for 12 s' },
  { name: 'sim_watchdog', body: 'a task missed its deadline and was restarted' },
] as const;

/** The alerts and errors of one vehicle: each alert begins in one record and ends in a later one. */
export class VehicleEvents {
  private alerts = 0;
  private errors = 0;
  private startedAtMs = 0;

  constructor(private readonly vin: string) {}

  /** Payload of the next record of topic `alerts`. */
  nextAlert(nowMs: number): Uint8Array {
    const number = this.alerts++;
    const kind = ALERTS[Math.floor(number / 2) % ALERTS.length] as (typeof ALERTS)[number];
    const isEnd = number % 2 === 1;
    if (!isEnd) this.startedAtMs = nowMs;
    const alert = { ...kind, startedAtMs: this.startedAtMs, ...(isEnd ? { endedAtMs: nowMs } : {}) };
    return encodeAlerts({ alerts: [alert], createdAtMs: nowMs, vin: this.vin });
  }

  /** Payload of the next record of topic `errors`. */
  nextError(nowMs: number): Uint8Array {
    const kind = ERRORS[this.errors++ % ERRORS.length] as (typeof ERRORS)[number];
    const error = { ...kind, tags: { module: 'simulation', occurrence: String(this.errors) }, createdAtMs: nowMs };
    return encodeErrors({ errors: [error], createdAtMs: nowMs, vin: this.vin });
  }
}
