import { randomBytes } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { packBundle } from '../actors/self-update/index.js';

/** A bundle that can be fetched. */
export interface OfferedBundle {
  readonly url: string;
  readonly version: string;
  close(): void;
}

const VERSION = '1.1';
/** At the demo's bandwidth, a download long enough to watch and to kill. */
const IMAGE_BYTES = 10_000_000;

/** Packs a system image for the slots of a vehicle, once, and serves it on loopback, so that there is an update to try. */
export async function offerBundle(folder: string, port: number): Promise<OfferedBundle> {
  const file = join(folder, `os-${VERSION}.tar`);
  if (!existsSync(file)) {
    await packBundle(file, { compatible: 'fleetchart', version: VERSION, image: randomBytes(IMAGE_BYTES) });
  }
  const server = createServer((_request, response) => {
    createReadStream(file)
      .on('error', () => response.destroy())
      .pipe(response.writeHead(200, { 'content-type': 'application/x-tar' }));
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  const { port: own } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${own}/os-${VERSION}.tar`,
    version: VERSION,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
