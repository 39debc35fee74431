import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createReadStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ImageRegistry } from './image-registry.js';
import { LAB_IMAGES, type LabTag, makeLabArchive, missingForLab } from './lab-images.js';
import { answers, type EngineCall, engineCall, LabProcess } from './lab-process.js';

/** Why a real Docker with a real registry cannot run here; false if it can. For the `skip` option of a test. */
export function withoutDocker(): string | false {
  return missingForLab(
    'a real Docker',
    ['dockerd', 'containerd', 'runc', 'docker-registry'],
    'docker.io docker-registry',
  );
}

interface DockerContainer {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly Image: string;
  readonly State: string;
}

const nameOf = ({ Names }: DockerContainer): string => (Names[0] ?? '').slice(1);

/**
 * A real Docker daemon of its own and a real registry of images that asks for a password, apart from all else on the
 * machine: no bridge, no rules of a firewall, no group, and containers in the network of the host alone.
 */
export class DockerLab {
  readonly credentials = ImageRegistry.credentials;
  private engine: LabProcess | undefined;
  private images: ImageRegistry | undefined;

  private constructor(readonly folder: string) {}

  /** With the images in the registry and none in the engine. */
  static async start(): Promise<DockerLab> {
    const lab = new DockerLab(mkdtempSync(join(tmpdir(), 'fleetchart-docker-')));
    try {
      lab.images = await ImageRegistry.start(lab.folder);
      await lab.startEngine();
      await lab.makeImages();
      return lab;
    } catch (error) {
      await lab.close();
      throw error;
    }
  }

  get socketPath(): string {
    return this.path('docker.sock');
  }

  /** `host:port`, plain HTTP: Docker takes that of all loopback addresses. */
  get registry(): string {
    return `127.0.0.1:${this.images?.port}`;
  }

  image(tag: LabTag): string {
    return `${this.registry}/veh/app:${tag}`;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  async startEngine(): Promise<void> {
    const flags = {
      host: `unix://${this.socketPath}`,
      'data-root': this.path('data'),
      'exec-root': this.path('exec'),
      pidfile: this.path('docker.pid'),
      'storage-driver': 'vfs',
      bridge: 'none',
      iptables: false,
      ip6tables: false,
      'ip-forward': false,
      'ip-masq': false,
      'userland-proxy': false,
      'live-restore': true,
    };
    const args = Object.entries(flags);
    this.engine = new LabProcess(
      'dockerd',
      args.map(([name, value]) => `--${name}=${value}`),
      { folder: this.folder },
    );
    await this.engine.until('the engine', () => answers(this.socketPath));
  }

  /** Containers go on running. */
  async stopEngine(): Promise<void> {
    await this.engine?.end();
    rmSync(this.socketPath, { force: true });
  }

  async running(): Promise<readonly string[]> {
    const running = (await this.containers()).filter(({ State }) => State === 'running');
    return running.map((each) => `${nameOf(each)} ${each.Image}`);
  }

  async all(): Promise<readonly string[]> {
    return (await this.containers()).map(nameOf);
  }

  async containers(): Promise<readonly DockerContainer[]> {
    return JSON.parse(await this.call('GET', '/containers/json?all=true')) as DockerContainer[];
  }

  /** The answer's body; fails with it if the engine refuses. */
  async call(method: string, path: string, more: Pick<EngineCall, 'body' | 'headers'> = {}): Promise<string> {
    const { status, text } = await engineCall(this.socketPath, { method, path, ...more });
    assert.ok(status < 300 && !text.includes('"errorDetail"'), `${method} ${path}: ${status} ${text}`);
    return text;
  }

  /** Whatever happened: nothing of it stays. */
  async close(): Promise<void> {
    try {
      if (await answers(this.socketPath)) await this.removeContainers();
    } finally {
      await this.engine?.end();
      await this.images?.close();
      this.unmountAll();
      rmSync(this.folder, { recursive: true, force: true });
    }
  }

  private async removeContainers(): Promise<void> {
    for (const { Id } of await this.containers()) await this.call('DELETE', `/containers/${Id}?force=true&v=true`);
  }

  /** The daemon leaves one of its name spaces behind. */
  private unmountAll(): void {
    const points = readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .map((line) => line.split(' ')[1] ?? '')
      .filter((point) => point.startsWith(`${this.folder}/`));
    for (const point of points.toReversed()) spawnSync('umount', [point]);
  }

  private async makeImages(): Promise<void> {
    const archive = makeLabArchive(this.folder);
    const { user: username, password } = this.credentials;
    const wanted = JSON.stringify({ username, password, serveraddress: this.registry });
    // Docker wants the padding, too.
    const auth = Buffer.from(wanted).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
    for (const [tag, command] of Object.entries(LAB_IMAGES)) {
      const name = `${this.registry}/veh/app`;
      const change = encodeURIComponent(`CMD ${JSON.stringify(command)}`);
      const query = `fromSrc=-&repo=${encodeURIComponent(name)}&tag=${tag}&changes=${change}`;
      await this.call('POST', `/images/create?${query}`, { body: createReadStream(archive) });
      await this.call('POST', `/images/${name}/push?tag=${tag}`, { headers: { 'x-registry-auth': auth } });
      await this.call('DELETE', `/images/${name}:${tag}?force=true`);
    }
  }
}
