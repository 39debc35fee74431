import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ImageRegistry } from './image-registry.js';
import { LAB_IMAGES, type LabTag, makeLabArchive, missingForLab } from './lab-images.js';
import { answers, engineCall, LabProcess, PATH } from './lab-process.js';

const COMMAND_MS = 120_000;

/** Why a real podman with a real registry cannot run here; false if it can. For the `skip` option of a test. */
export function withoutPodman(): string | false {
  return missingForLab('a real podman', ['podman', 'runc', 'docker-registry'], 'podman runc docker-registry');
}

/** A real podman service and a real registry of images that asks for a password, apart from all else on the machine. */
export class PodmanLab {
  readonly credentials = ImageRegistry.credentials;
  private engine: LabProcess | undefined;
  private images: ImageRegistry | undefined;

  private constructor(readonly folder: string) {}

  /** With the images in the registry and none in the engine. */
  static async start(): Promise<PodmanLab> {
    const lab = new PodmanLab(mkdtempSync(join(tmpdir(), 'fleetchart-podman-')));
    try {
      lab.images = await ImageRegistry.start(lab.folder);
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

  get registryPort(): number {
    return this.images?.port ?? 0;
  }

  /** `host:port`, plain HTTP. */
  get registry(): string {
    return `127.0.0.1:${this.registryPort}`;
  }

  image(tag: LabTag, registry = this.registry): string {
    return `${registry}/veh/app:${tag}`;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** The command line on the same store, as somebody who works behind the vehicle's back. */
  podman(...args: readonly string[]): string {
    return execFileSync('podman', [...this.storeFlags, ...args], {
      env: { ...process.env, ...this.environment },
      cwd: this.folder,
      timeout: COMMAND_MS,
      stdio: ['ignore', 'pipe', 'pipe'],
      encoding: 'utf8',
    });
  }

  async running(): Promise<readonly string[]> {
    return this.rows('--format', '{{.Names}} {{.Image}}');
  }

  async all(): Promise<readonly string[]> {
    return this.rows('--all', '--format', '{{.Names}}');
  }

  private rows(...args: readonly string[]): string[] {
    return this.podman('ps', ...args)
      .split('\n')
      .filter(Boolean);
  }

  /** A call that the vehicle does not make. */
  post(path: string, body: object): Promise<{ status: number; text: string }> {
    return engineCall(this.socketPath, { method: 'POST', path, body });
  }

  async startEngine(): Promise<void> {
    rmSync(this.socketPath, { force: true });
    const service = ['system', 'service', '--time=0', `unix://${this.socketPath}`];
    const { folder, environment: env } = this;
    this.engine = new LabProcess('podman', [...this.storeFlags, ...service], { folder, env });
    await this.engine.until('the engine', () => answers(this.socketPath));
  }

  /** Containers go on running (POD-28). */
  async stopEngine(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.engine?.end(signal);
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
      await this.engine?.end();
      await this.images?.close();
      if (existsSync(this.path('root'))) this.podman('rm', '--all', '--force', '--time', '0');
    } finally {
      const overlay = this.path('root/overlay');
      if (spawnSync('mountpoint', ['-q', overlay]).status === 0) spawnSync('umount', [overlay]);
      rmSync(this.folder, { recursive: true, force: true });
    }
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
    const archive = makeLabArchive(this.folder);
    const { user, password } = this.credentials;
    for (const [tag, command] of Object.entries(LAB_IMAGES)) {
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
      PATH,
      CONTAINERS_CONF: this.path('containers.conf'),
      CONTAINERS_REGISTRIES_CONF: this.path('registries.conf'),
    };
  }
}
