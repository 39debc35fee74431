import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { temporaryFolder } from './runtime.js';

/** Daemons and tools of file systems are often outside a user's path. */
const ENVIRONMENT = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin:/usr/local/sbin` };
const START_MS = 30_000;

/** Why a real RAUC service cannot run here; false if it can (LAB-1). For the `skip` option of a test. */
export function withoutRauc(): string | false {
  if (process.getuid?.() !== 0) return 'NOT TESTED with a real RAUC: it mounts bundles, so it needs root';
  if (!existsSync('/dev/loop-control')) return 'NOT TESTED with a real RAUC: there are no loop devices';
  const missing = ['rauc', 'dbus-daemon', 'mksquashfs', 'openssl', 'mkfs.ext4'].filter(
    (program) => spawnSync(program, ['--version'], { env: ENVIRONMENT }).error,
  );
  const packages = 'apt-get install rauc dbus squashfs-tools openssl e2fsprogs';
  return missing.length > 0 && `NOT TESTED with a real RAUC: not installed: ${missing.join(', ')} (${packages})`;
}

/** Whether the kernel can mount verity bundles (LAB-2). */
export const hasDeviceMapper = (): boolean => existsSync('/dev/mapper/control');

export interface BundleOptions {
  /** @default 'plain' */
  readonly format?: 'plain' | 'verity';
  /** @default 'lab-vehicle' */
  readonly compatible?: string;
  /** `evil` is trusted by nobody. @default 'sign' */
  readonly signer?: 'sign' | 'evil';
  /** Of the image; RAUC copies it block by block. @default 8 MiB */
  readonly imageBytes?: number;
}

/** A real RAUC service on a private bus, with two slots that are files and a boot loader that is a script. */
export class RaucLab {
  private bus: ChildProcess | undefined;
  private service: ChildProcess | undefined;
  private log = '';

  private constructor(readonly folder: string) {}

  /** `activatesInstalled` false: RAUC leaves the primary slot alone (LAB-9). */
  static async start(t: TestContext, { activatesInstalled = true } = {}): Promise<RaucLab> {
    const lab = new RaucLab(temporaryFolder(t));
    t.after(() => lab.down());
    lab.prepare(activatesInstalled);
    await lab.up();
    return lab;
  }

  get busAddress(): string {
    return `unix:path=${this.path('run/bus.sock')}`;
  }

  /** The bootname that the boot loader would start next. */
  get primary(): string {
    return readFileSync(this.path('boot/primary'), 'utf8').trim();
  }

  /** What the boot loader was asked for, a line a call (LAB-8). */
  get bootCalls(): string[] {
    return existsSync(this.path('boot/log'))
      ? readFileSync(this.path('boot/log'), 'utf8').split('\n').slice(0, -1)
      : [];
  }

  /** Installations stop where the slot is marked as bad, before it is written; the service goes on answering. */
  holdInstalls(): void {
    writeFileSync(this.path('boot/hold'), '');
  }

  releaseInstalls(): void {
    rmSync(this.path('boot/hold'), { force: true });
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Builds and signs a bundle; returns its path. */
  bundle(name: string, version: string, options: BundleOptions = {}): string {
    const { format = 'plain', compatible = 'lab-vehicle', signer = 'sign', imageBytes = 8 * 1024 * 1024 } = options;
    const source = this.path(`in/${name}`);
    const target = this.path(`${name}.raucb`);
    rmSync(target, { force: true });
    mkdirSync(join(source, 'root'), { recursive: true });
    writeFileSync(join(source, 'root/blob'), randomBytes(1_000_000));
    writeFileSync(join(source, 'rootfs.img'), '');
    truncateSync(join(source, 'rootfs.img'), imageBytes);
    this.run('mkfs.ext4', '-q', '-F', '-d', join(source, 'root'), join(source, 'rootfs.img'));
    rmSync(join(source, 'root'), { recursive: true });
    writeFileSync(
      join(source, 'manifest.raucm'),
      `[update]\ncompatible=${compatible}\nversion=${version}\n[bundle]\nformat=${format}\n[image.rootfs]\nfilename=rootfs.img\n`,
    );
    const pki = (file: string): string => this.path(`pki/${file}`);
    this.run('rauc', 'bundle', `--cert=${pki(`${signer}.pem`)}`, `--key=${pki(`${signer}.key`)}`, source, target);
    rmSync(source, { recursive: true });
    return target;
  }

  /** Starts the bus and the service, booted from a slot. */
  async up(bootname = 'A'): Promise<void> {
    rmSync(this.path('run/bus.sock'), { force: true });
    this.bus = this.spawn('dbus-daemon', `--config-file=${this.path('bus.conf')}`, '--nofork', '--nopidfile');
    await this.waitFor('the bus', () => accepts(this.path('run/bus.sock')));
    await this.startService(bootname);
  }

  async startService(bootname = 'A'): Promise<void> {
    const conf = this.path('system.conf');
    this.service = this.spawn('rauc', '--conf', conf, 'service', `--override-boot-slot=${bootname}`);
    const ask = ['--system', '--print-reply', '--dest=org.freedesktop.DBus', '/', 'org.freedesktop.DBus.GetNameOwner'];
    await this.waitFor('the name on the bus', () => {
      const answer = spawnSync('dbus-send', [...ask, 'string:de.pengutronix.rauc'], { env: this.environment });
      return answer.status === 0;
    });
  }

  /** kill -9 of the service alone, which leaves its mount behind (LAB-15). */
  async killService(): Promise<void> {
    await end(this.service, 'SIGKILL');
    this.unmount();
  }

  /** Starts what the boot loader has as primary. */
  async reboot(): Promise<void> {
    await this.down();
    await this.up(this.primary);
  }

  async down(): Promise<void> {
    this.releaseInstalls();
    await end(this.service, 'SIGTERM');
    await end(this.bus, 'SIGTERM');
    this.unmount();
  }

  private unmount(): void {
    const mount = this.path('mnt/bundle');
    while (spawnSync('mountpoint', ['-q', mount]).status === 0) {
      if (spawnSync('umount', [mount]).status !== 0) break;
    }
  }

  private prepare(activatesInstalled: boolean): void {
    for (const name of ['pki', 'slots', 'data', 'mnt', 'boot', 'run', 'in']) mkdirSync(this.path(name));
    this.selfSigned('ca', '/O=Lab/CN=lab-root');
    this.selfSigned('evil', '/O=Evil/CN=evil');
    this.signer();
    for (const slot of ['a', 'b']) {
      writeFileSync(this.path(`slots/rootfs-${slot}.img`), '');
      truncateSync(this.path(`slots/rootfs-${slot}.img`), 64 * 1024 * 1024);
    }
    writeFileSync(this.path('system.conf'), this.systemConf(activatesInstalled));
    writeFileSync(this.path('boot/backend.sh'), this.bootBackend(), { mode: 0o755 });
    writeFileSync(this.path('boot/primary'), 'A\n');
    for (const name of ['A', 'B']) writeFileSync(this.path(`boot/state.${name}`), 'good\n');
    writeFileSync(this.path('bus.conf'), busConf(this.path('run/bus.sock')));
  }

  private selfSigned(name: string, subject: string): void {
    const extensions = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign,digitalSignature'];
    const files = ['-keyout', this.path(`pki/${name}.key`), '-out', this.path(`pki/${name}.pem`)];
    const added = extensions.flatMap((extension) => ['-addext', extension]);
    this.run(
      'openssl',
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '30',
      '-subj',
      subject,
      ...added,
      ...files,
    );
  }

  private signer(): void {
    const pki = (file: string): string => this.path(`pki/${file}`);
    const files = ['-keyout', pki('sign.key'), '-out', pki('sign.csr')];
    this.run('openssl', 'req', '-newkey', 'rsa:2048', '-nodes', '-subj', '/O=Lab/CN=lab-signer', ...files);
    writeFileSync(pki('leaf.ext'), 'basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\n');
    const by = ['-CA', pki('ca.pem'), '-CAkey', pki('ca.key'), '-CAcreateserial', '-days', '30'];
    this.run(
      'openssl',
      'x509',
      '-req',
      '-in',
      pki('sign.csr'),
      ...by,
      '-extfile',
      pki('leaf.ext'),
      '-out',
      pki('sign.pem'),
    );
  }

  private systemConf(activatesInstalled: boolean): string {
    const slot = (number: number, file: string, bootname: string): string[] => [
      `[slot.rootfs.${number}]`,
      `device=${this.path(`slots/rootfs-${file}.img`)}`,
      'type=raw',
      `bootname=${bootname}`,
    ];
    return [
      '[system]',
      'compatible=lab-vehicle',
      'bootloader=custom',
      `statusfile=${this.path('data/rauc.status')}`,
      `mountprefix=${this.path('mnt')}`,
      'bundle-formats=plain verity',
      'max-bundle-download-size=268435456',
      ...(activatesInstalled ? [] : ['activate-installed=false']),
      '[handlers]',
      `bootloader-custom-backend=${this.path('boot/backend.sh')}`,
      '[keyring]',
      `path=${this.path('pki/ca.pem')}`,
      ...slot(0, 'a', 'A'),
      ...slot(1, 'b', 'B'),
      '',
    ].join('\n');
  }

  /** The boot loader: keeps its variables in files, and makes a slot bootable when it becomes the primary (LAB-8). */
  private bootBackend(): string {
    const folder = this.path('boot');
    return `#!/bin/sh
cd ${folder} && echo "$*" >> log
case "$1" in
  get-primary) cat primary ;;
  set-primary) echo "$2" > primary; echo good > "state.$2" ;;
  get-state) cat "state.$2" ;;
  set-state) echo "$3" > "state.$2"; while [ -e hold ]; do sleep 0.02; done ;;
  *) exit 1 ;;
esac
`;
  }

  private get environment(): NodeJS.ProcessEnv {
    return { ...ENVIRONMENT, DBUS_SYSTEM_BUS_ADDRESS: this.busAddress };
  }

  private run(program: string, ...args: string[]): void {
    execFileSync(program, args, { env: this.environment, stdio: ['ignore', 'ignore', 'pipe'] });
  }

  private spawn(program: string, ...args: string[]): ChildProcess {
    const process = spawn(program, args, { env: this.environment, stdio: ['ignore', 'pipe', 'pipe'] });
    const take = (text: Buffer): void => {
      this.log = `${this.log}${text.toString()}`.slice(-20_000);
    };
    process.stdout.on('data', take);
    process.stderr.on('data', take);
    process.on('error', (error) => take(Buffer.from(`${program}: ${error.message}\n`)));
    return process;
  }

  private async waitFor(what: string, isThere: () => boolean | Promise<boolean>): Promise<void> {
    const end = performance.now() + START_MS;
    while (!(await isThere())) {
      assert.ok(performance.now() < end, `${what} did not come:\n${this.log}`);
      await sleep(20);
    }
  }
}

/** A bus on which root alone owns and calls the service (LAB-5). */
const busConf = (
  socket: string,
): string => `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=${socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus"/>
  </policy>
  <policy user="root">
    <allow own="de.pengutronix.rauc"/>
    <allow send_destination="de.pengutronix.rauc"/>
  </policy>
</busconfig>
`;

async function end(process: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (!process || process.exitCode !== null || process.signalCode !== null) return;
  const exited = new Promise((resolve) => process.once('exit', resolve));
  process.kill(signal);
  const late = setTimeout(() => process.kill('SIGKILL'), 10_000);
  await exited;
  clearTimeout(late);
}

function accepts(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
