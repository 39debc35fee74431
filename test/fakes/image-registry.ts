import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashSync } from 'bcryptjs';
import { LabProcess } from './lab-process.js';

/** A real registry of images that asks for a password: `docker-registry` on plain HTTP. */
export class ImageRegistry {
  static readonly credentials = { user: 'user', password: 'lab-password' } as const;

  private constructor(
    private readonly process: LabProcess,
    readonly port: number,
  ) {}

  static async start(folder: string): Promise<ImageRegistry> {
    const path = (name: string): string => join(folder, name);
    const { user, password } = ImageRegistry.credentials;
    writeFileSync(path('htpasswd'), `${user}:${hashSync(password, 4)}\n`);
    const config = [
      'version: 0.1',
      'log: {level: info, accesslog: {disabled: true}}',
      'storage:',
      `  filesystem: {rootdirectory: ${path('registry')}}`,
      'http: {addr: "127.0.0.1:0"}',
      'auth:',
      `  htpasswd: {realm: lab, path: ${path('htpasswd')}}`,
    ];
    writeFileSync(path('registry.yml'), `${config.join('\n')}\n`);
    const daemon = new LabProcess('docker-registry', ['serve', path('registry.yml')], { folder });
    let port = 0;
    await daemon
      .until('the registry', () => {
        port = Number(/listening on 127\.0\.0\.1:(\d+)/.exec(daemon.log)?.[1] ?? 0);
        return port > 0;
      })
      .catch(async (error: unknown) => {
        await daemon.end();
        throw error;
      });
    return new ImageRegistry(daemon, port);
  }

  close(): Promise<void> {
    return this.process.end();
  }
}
