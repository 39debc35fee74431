import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Backend, osImageDomain } from './backend.js';
import { BundleServer, serves } from './bundle-server.js';
import { Mosquitto } from './mosquitto.js';
import { type BundleOptions, RaucLab } from './rauc-lab.js';
import { eventually, temporaryFolder } from './runtime.js';
import { VehicleProcess } from './vehicle-process.js';

const IMAGE = 'self-update:os-image';

/** A device with RAUC, bundles behind TLS, a broker and a backend: all that a vehicle process needs around it. */
export class RaucVehicle {
  private readonly kernel: Readonly<Record<'FILE_SYS_RQ' | 'FILE_SYS_RQ_TRIGGER', string>>;

  private constructor(
    private readonly t: TestContext,
    readonly lab: RaucLab,
    readonly broker: Mosquitto,
    readonly backend: Backend,
    readonly folder: string,
    private readonly bundles: BundleServer,
    /** What the server of bundles answers with. */
    private readonly offer: { bundle: Buffer },
  ) {
    this.kernel = { FILE_SYS_RQ: join(folder, 'sysrq'), FILE_SYS_RQ_TRIGGER: join(folder, 'trigger') };
    writeFileSync(this.caFile, bundles.authorityPem);
    this.forgetReboot();
  }

  static async prepare(t: TestContext): Promise<RaucVehicle> {
    const lab = await RaucLab.start(t);
    const broker = await Mosquitto.start(t);
    const backend = await Backend.connect(t, `mqtt://${broker.address}`);
    const offer: { bundle: Buffer } = { bundle: Buffer.alloc(0) };
    const bundles = await BundleServer.start(t, (request, response) => serves(offer.bundle)(request, response));
    return new RaucVehicle(t, lab, broker, backend, temporaryFolder(t), bundles, offer);
  }

  /** For the processes of the vehicle: which RAUC, and how the machine is rebooted. */
  get environment(): Readonly<Record<string, string>> {
    return { ...this.kernel, DBUS_SYSTEM_BUS_ADDRESS: this.lab.busAddress };
  }

  get caFile(): string {
    return join(this.folder, 'bundle-ca.pem');
  }

  get requests(): number {
    return this.bundles.requests.length;
  }

  /** Manager and agent in one process, and what more sections of its configuration say. */
  start(updateManager: object = {}, sections: object = {}): VehicleProcess {
    const file = join(this.folder, 'vehicle.json');
    const config = {
      dataDir: join(this.folder, 'data'),
      http: { port: 0 },
      mqtt: { broker: `tcp://${this.broker.address}` },
      updateManager: { ...MANAGER, ...updateManager },
      selfUpdate: {
        installer: 'rauc',
        path: join(this.folder, 'bundles'),
        caFile: this.caFile,
        feedbackIntervalS: 0,
      },
      ...sections,
    };
    writeFileSync(file, JSON.stringify(config));
    return new VehicleProcess(this.t, ['vehicle', '--json', '--config', file], this.environment);
  }

  /** Asks for an update to a bundle, and offers that. */
  async want(activityId: string, version: string, options: BundleOptions & { content?: string } = {}): Promise<void> {
    const { content = version, ...bundle } = options;
    const file = this.lab.bundle(activityId, content, bundle);
    await this.wantFile(activityId, version, readFileSync(file));
  }

  /** Along with what other domains are to have. */
  async wantFile(activityId: string, version: string, bundle: Buffer, others: readonly object[] = []): Promise<void> {
    this.offer.bundle = bundle;
    const image = osImageDomain(`${this.bundles.origin}/${activityId}.raucb`, version);
    await this.backend.desireAll(activityId, [image, ...others]);
  }

  /** The version that the vehicle reported last. */
  get version(): string | undefined {
    return this.backend.versions(IMAGE).at(-1);
  }

  /** Waits for the current state. */
  async reports(isWanted: (version: string) => boolean = () => true): Promise<void> {
    await eventually(() => this.version !== undefined && isWanted(this.version), 'the version is reported', 90_000);
  }

  /** Messages of the agent about an activity: of its feedback and of the actions in it. */
  saidByAgent(activityId: string): string {
    return this.backend.heard
      .filter((message) => message.topic === 'selfupdate/desiredstatefeedback' && message.activityId === activityId)
      .flatMap(({ message = '', actions = [] }) => [message, ...actions.map((action) => action.message ?? '')])
      .join('\n');
  }

  /** Waits for the request to the kernel, and does as it says. */
  async reboot(processes: readonly VehicleProcess[]): Promise<void> {
    const { FILE_SYS_RQ, FILE_SYS_RQ_TRIGGER } = this.kernel;
    await eventually(() => readFileSync(FILE_SYS_RQ_TRIGGER, 'utf8') === 'b', 'the reboot is asked for', 90_000);
    assert.equal(readFileSync(FILE_SYS_RQ, 'utf8'), '1');
    for (const process of processes) await process.kill('SIGKILL');
    this.forgetReboot();
    await this.lab.reboot();
  }

  get isRebootWanted(): boolean {
    return readFileSync(this.kernel.FILE_SYS_RQ_TRIGGER, 'utf8') !== '';
  }

  /** How often a slot was prepared for an installation, which is before it is written. */
  get installs(): number {
    return this.lab.bootCalls.filter((call) => / bad$/.test(call)).length;
  }

  private forgetReboot(): void {
    for (const file of Object.values(this.kernel)) writeFileSync(file, '');
  }
}

/** Of a manager whose self-update needs a reboot. */
export const MANAGER = {
  domain: 'vehicle',
  thingsEnabled: false,
  rebootAfter: '50ms',
  currentStateDelay: '1s',
  agents: { 'self-update': { rebootRequired: true, readTimeout: '10s' } },
};
