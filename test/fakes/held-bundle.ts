import { createServer, type Server, type ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';

/** Serves one bundle over plain HTTP, and can hold back the rest of it. */
export class HeldBundle {
  requests = 0;
  isHeld = false;
  private readonly held: (() => void)[] = [];

  private constructor(
    private readonly server: Server,
    private readonly body: Buffer,
  ) {}

  static async start(t: TestContext, body: Buffer = Buffer.alloc(4_096, 'b')): Promise<HeldBundle> {
    const server = createServer();
    const bundles = new HeldBundle(server, body);
    server.on('request', (request, response) => bundles.answer(request.headers.range, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(async () => {
      bundles.release();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    return bundles;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as { port: number }).port}/bundle`;
  }

  /** Lets held answers go on, and further ones too. */
  release(): void {
    this.isHeld = false;
    for (const go of this.held.splice(0)) go();
  }

  private answer(range: string | undefined, response: ServerResponse): void {
    this.requests++;
    response.on('error', () => {});
    const from = Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0);
    const part = this.body.subarray(from);
    const headers = { 'content-length': part.length, etag: '"one"' };
    const total = this.body.length;
    response.writeHead(
      from > 0 ? 206 : 200,
      from > 0 ? { ...headers, 'content-range': `bytes ${from}-${total - 1}/${total}` } : headers,
    );
    const half = part.length >> 1;
    response.write(part.subarray(0, half));
    const finish = (): void => void response.end(part.subarray(half));
    if (this.isHeld) this.held.push(finish);
    else finish();
  }
}
