import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hashSync } from 'bcryptjs';

/** Daemons are often outside a user's path. */
const PATH = `${process.env['PATH']}:/usr/sbin:/sbin:/usr/local/sbin`;
const START_MS = 60_000;
const COMMAND_MS = 120_000;
const PROGRAMS = ['podman', 'runc', 'docker-registry', 'busybox', 'setpriv'];
const TOOLS = ['sh', 'sleep', 'echo', 'env', 'cat', 'httpd', 'ls', 'kill', 'wget', 'hostname', 'yes', 'head'];

/** Why a real podman with a real registry cannot run here; false if it can. For the `skip` option of a test. */
export function withoutPodman(): string | false {
  if (process.getuid?.() !== 0) return 'NOT TESTED with a real podman: containers without more set-up need root';
  const missing = PROGRAMS.filter((program) => pathOf(program) === undefined);
  const packages = 'apt-get install podman runc docker-registry busybox-static util-linux';
  if (missing.length > 0) return `NOT TESTED with a real podman: not installed: ${missing.join(', ')} (${packages})`;
  const isStatic = !readFileSync(pathOf('busybox') ?? '')
    .subarray(0, 4096)
    .includes('/ld-');
  return !isStatic && 'NOT TESTED with a real podman: busybox needs libraries (apt-get install busybox-static)';
}

const pathOf = (program: string): string | undefined =>
  PATH.split(':')
    .map((folder) => join(folder, program))
    .find((file) => existsSync(file));

/** What the commands of the images are, by tag (LAB-3). */
const IMAGES = {
  /** Runs until it is told to end. */
  '1.0': ['/bin/sh', '-c', 'trap "exit 0" TERM; echo started; sleep 3600 & wait'],
  '2.0': ['/bin/sh', '-c', 'trap "exit 0" TERM; echo "second started"; sleep 3600 & wait'],
  bad: ['/no/such/command'],
  crash: ['/bin/sh', '-c', 'exit 3'],
} as const;

/** A real podman service and a real registry of images that asks for a password, apart from all else on the machine. */
export class PodmanLab {
  readonly credentials = { user: 'user', password: 'lab-password' } as const;
  registryPort = 0;
  private engine: ChildProcess | undefined;
  private registryProcess: ChildProcess | undefined;
  private log = '';
  private readonly killAll = (): void => {
    this.engine?.kill('SIGKILL');
    this.registryProcess?.kill('SIGKILL');
  };

  private constructor(readonly folder: string) {
    process.once('exit', this.killAll);
  }

  /** With the images in the registry and none in the engine. */
  static async start(): Promise<PodmanLab> {
    const lab = new PodmanLab(mkdtempSync(join(tmpdir(), 'fleetchart-podman-')));
    try {
      await lab.startRegistry();
      lab.configureEngine();
      lab.makeImages();
      await lab.startEngine();
      return lab;
    } catch (error) {
      await lab.close();
      throw error;
    }
  }

  get socketPath(): string {
    return this.path('podman.sock');
  }

  /** `host:port`, plain HTTP. */
  get registry(): string {
    return `127.0.0.1:${this.registryPort}`;
  }

  image(tag: keyof typeof IMAGES | 'missing', registry = this.registry): string {
    return `${registry}/veh/app:${tag}`;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** The command line on the same store, as somebody who works behind the vehicle's back. */
  podman(...args: readonly string[]): string {
    return execFileSync('podman', [...this.storeFlags, ...args], {
      env: this.environment,
      cwd: this.folder,
      timeout: COMMAND_MS,
      stdio: ['ignore', 'pipe', 'pipe'],
      encoding: 'utf8',
    });
  }

  async startEngine(): Promise<void> {
    rmSync(this.socketPath, { force: true });
    const service = ['system', 'service', '--time=0', `unix://${this.socketPath}`];
    // An engine leaves marks in its working directory (LAB-5).
    this.engine = this.spawn('podman', [...this.storeFlags, ...service]);
    await this.waitFor('the engine', () => answers(this.socketPath));
  }

  /** Containers go on running (POD-28). */
  async stopEngine(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await end(this.engine, signal);
    rmSync(this.socketPath, { force: true });
  }

  /** As after the machine was switched off: nothing runs, nobody has seen an end, and what lay in memory is gone. */
  async powerCycle(): Promise<void> {
    const ids = this.podman('ps', '--quiet', '--no-trunc').split('\n').filter(Boolean);
    const format = '{{.State.ConmonPid}} {{.State.Pid}}';
    const pids = ids.flatMap((id) => this.podman('inspect', '--format', format, id).trim().split(' ').map(Number));
    await this.stopEngine('SIGKILL');
    // The watcher of each first.
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    rmSync(this.path('tmp'), { recursive: true, force: true });
    await this.startEngine();
  }

  /** Whatever happened: nothing of it stays. */
  async close(): Promise<void> {
    try {
      await end(this.engine, 'SIGTERM');
      await end(this.registryProcess, 'SIGTERM');
      if (existsSync(this.path('root'))) this.podman('rm', '--all', '--force', '--time', '0');
    } finally {
      process.off('exit', this.killAll);
      this.killAll();
      const overlay = this.path('root/overlay');
      if (spawnSync('mountpoint', ['-q', overlay]).status === 0) spawnSync('umount', [overlay]);
      rmSync(this.folder, { recursive: true, force: true });
    }
  }

  private async startRegistry(): Promise<void> {
    const { user, password } = this.credentials;
    writeFileSync(this.path('htpasswd'), `${user}:${hashSync(password, 4)}\n`);
    const config = [
      'version: 0.1',
      'log: {level: info, accesslog: {disabled: true}}',
      'storage:',
      `  filesystem: {rootdirectory: ${this.path('registry')}}`,
      'http: {addr: "127.0.0.1:0"}',
      'auth:',
      `  htpasswd: {realm: lab, path: ${this.path('htpasswd')}}`,
    ];
    writeFileSync(this.path('registry.yml'), `${config.join('\n')}\n`);
    this.registryProcess = this.spawn('docker-registry', ['serve', this.path('registry.yml')]);
    await this.waitFor('the registry', () => {
      const [, port] = /listening on 127\.0\.0\.1:(\d+)/.exec(this.log) ?? [];
      this.registryPort = Number(port ?? 0);
      return this.registryPort > 0;
    });
  }

  /** Locks and events of its own: engines of one machine share them else, and free each other's locks. */
  private configureEngine(): void {
    const containers = [
      '[containers]',
      'default_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]',
      'log_driver = "k8s-file"',
      '[engine]',
      'runtime = "runc"',
      'cgroup_manager = "cgroupfs"',
      'events_logger = "file"',
      'lock_type = "file"',
      `tmp_dir = "${this.path('tmp')}"`,
      '[network]',
      `network_config_dir = "${this.path('networks')}"`,
    ];
    writeFileSync(this.path('containers.conf'), `${containers.join('\n')}\n`);
    const registries = [
      'unqualified-search-registries = []',
      '[[registry]]',
      `location = "${this.registry}"`,
      'insecure = true',
    ];
    writeFileSync(this.path('registries.conf'), `${registries.join('\n')}\n`);
  }

  private makeImages(): void {
    const files = this.path('fs');
    for (const folder of ['bin', 'data', 'etc', 'tmp']) mkdirSync(join(files, folder), { recursive: true });
    copyFileSync(pathOf('busybox') ?? '', join(files, 'bin/busybox'));
    for (const tool of TOOLS) symlinkSync('busybox', join(files, 'bin', tool));
    const archive = this.path('fs.tar');
    execFileSync('tar', ['-C', files, '-cf', archive, '.'], { timeout: COMMAND_MS });
    const { user, password } = this.credentials;
    for (const [tag, command] of Object.entries(IMAGES)) {
      const reference = `${this.registry}/veh/app:${tag}`;
      this.podman('import', '--quiet', '--change', `CMD ${JSON.stringify(command)}`, archive, reference);
      this.podman('push', '--quiet', '--creds', `${user}:${password}`, reference);
    }
    this.podman('rmi', '--all', '--force');
  }

  private get storeFlags(): readonly string[] {
    return ['--root', this.path('root'), '--runroot', this.path('runroot')];
  }

  private get environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      PATH,
      CONTAINERS_CONF: this.path('containers.conf'),
      CONTAINERS_REGISTRIES_CONF: this.path('registries.conf'),
    };
  }

  /** Ends with this process, even if that is killed. */
  private spawn(program: string, args: readonly string[]): ChildProcess {
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', program, ...args], {
      env: this.environment,
      cwd: this.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const take = (text: Buffer): void => {
      this.log = `${this.log}${text.toString()}`.slice(-20_000);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('error', (error) => take(Buffer.from(`${program}: ${error.message}\n`)));
    return child;
  }

  private async waitFor(what: string, isThere: () => boolean | Promise<boolean>): Promise<void> {
    const end = performance.now() + START_MS;
    while (!(await isThere())) {
      assert.ok(performance.now() < end, `${what} did not come:\n${this.log}`);
      await sleep(20);
    }
  }
}

async function end(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (!child?.pid || child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await exited;
  clearTimeout(late);
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const ping = request({ socketPath, path: '/_ping', agent: false, timeout: 5_000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    ping.on('timeout', () => ping.destroy());
    ping.on('error', () => resolve(false));
    ping.end();
  });
}
