import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { createAuthority } from '../../../../src/actors/provisioning/index.js';
import {
  BUNDLE_FILE,
  DownloadError,
  type DownloadRequest,
} from '../../../../src/actors/self-update/download/download.js';
import { createDownload, type DownloaderOptions } from '../../../../src/actors/self-update/download/downloader.js';
import { discardDownload } from '../../../../src/actors/self-update/download/partial-file.js';
import { type Clock, ManualClock, systemClock } from '../../../../src/runtime/index.js';
import { type Answering, BundleServer, cutsAfter, serves } from '../../../fakes/bundle-server.js';
import { temporaryFolder } from '../../../fakes/runtime.js';
import { until } from '../../../fakes/until.js';

const never = new AbortController().signal;
const CONTENT = randomBytes(300_000);
const SHA256 = createHash('sha256').update(CONTENT).digest('hex');

/** Waits no time at all between attempts. */
const hasty: Clock = {
  ...systemClock,
  setTimeout: (callback, delayMs) => systemClock.setTimeout(callback, delayMs <= 8_000 ? 0 : delayMs),
};

async function lab(
  t: TestContext,
  answer: Answering,
  options: Partial<DownloaderOptions> & { isSecure?: boolean } = {},
) {
  const server = await BundleServer.start(t, answer, { isSecure: options.isSecure ?? true });
  const folder = join(temporaryFolder(t), 'bundles');
  const caFile = join(temporaryFolder(t), 'ca.pem');
  writeFileSync(caFile, server.authorityPem);
  const progress: Array<{ done: number; total: number }> = [];
  const download = (change: Partial<DownloadRequest> = {}, signal = never, clock: Clock = hasty) =>
    createDownload({ clock, connectMs: 60_000, stallMs: 60_000, ...options })(
      { url: `${server.origin}/os.raucb`, folder, key: 'step-1', caFile, ...change },
      (step) => progress.push(step),
      signal,
    );
  return { server, folder, caFile, progress, download, file: join(folder, BUNDLE_FILE) };
}

const failure = (code: string, message: string | RegExp) => (error: unknown) => {
  assert.ok(error instanceof DownloadError, `${error}`);
  assert.equal(error.code, code);
  if (typeof message === 'string') assert.equal(error.message, message);
  else assert.match(error.message, message);
  return true;
};

describe('a download', () => {
  it('SUA-24 fetches a bundle, tells of its progress and of its checksum', async (t) => {
    const { download, progress, file } = await lab(t, serves(CONTENT));
    assert.deepEqual(await download({ sha256: SHA256, size: CONTENT.length }), {
      path: file,
      bytes: 300_000,
      sha256: SHA256,
    });
    assert.ok(readFileSync(file).equals(CONTENT));
    assert.deepEqual(progress[0], { done: 0, total: 0 }, 'before the first connection');
    assert.deepEqual(progress.at(-1), { done: 300_000, total: 300_000 });
    assert.equal(statSync(file).mode & 0o007, 0, 'not for everybody');
  });

  it('SUA-33 another step fetches anew what is there; the same one finds it done', async (t) => {
    const { download, server } = await lab(t, serves(CONTENT));
    await download();
    await download();
    assert.equal(server.requests.length, 1, 'a repetition of the same step');
    await download({ key: 'step-2' });
    assert.deepEqual(
      server.requests.map(({ range }) => range),
      [undefined, undefined],
    );
  });

  it('SUA-34 what is discarded is gone, the note beside it too', async (t) => {
    const { download, folder, server } = await lab(t, serves(CONTENT));
    await download();
    await discardDownload(folder);
    await discardDownload(folder);
    await download();
    assert.equal(server.requests.length, 2);
  });

  it('D-12 a cut transfer goes on where it was', async (t) => {
    let cuts = 0;
    const good = serves(CONTENT);
    const { download, server } = await lab(t, (request, response) =>
      (cuts++ === 0 ? cutsAfter(100_000, CONTENT) : good)(request, response),
    );
    assert.equal((await download()).sha256, SHA256);
    assert.match(server.requests[1]?.range ?? '', /^bytes=[1-9]\d*-$/);
  });

  it('D-12 a cut transfer begins anew where the server has another file by now, or does not say which', async (t) => {
    for (const etags of [
      ['"one"', '"two"'],
      ['W/"one"', 'W/"one"'],
    ] as const) {
      let cuts = 0;
      const { download } = await lab(t, (request, response) =>
        (cuts++ === 0 ? cutsAfter(100_000, randomBytes(300_000), etags[0]) : serves(CONTENT, etags[1]))(
          request,
          response,
        ),
      );
      assert.equal((await download()).sha256, SHA256);
    }
  });

  it('SUA-33 after a crash the same step goes on with what was certain', async (t) => {
    const stop = new AbortController();
    let first = true;
    const { download, server, progress } = await lab(t, (request, response) => {
      if (!first) return serves(CONTENT)(request, response);
      first = false;
      response.writeHead(200, { etag: '"one"', 'content-length': CONTENT.length });
      response.write(CONTENT.subarray(0, 100_000));
    });
    const running = download({}, stop.signal).catch((error: unknown) => error);
    await until(() => progress.some(({ done }) => done >= 100_000), 'the first bytes', 30_000);
    stop.abort(new Error('crashed'));
    assert.match(String(await running), /crashed/);
    assert.equal((await download()).sha256, SHA256);
    assert.equal(server.requests[1]?.range, 'bytes=100000-');
  });

  it('D-12 a server that ends early, answers nothing or stalls for ever is tried a bounded number of times', async (t) => {
    const short: Answering = (_request, response) => {
      response.writeHead(200, { 'content-length': 10 });
      response.flushHeaders();
      response.destroy();
    };
    const cases: ReadonlyArray<readonly [Answering, string, string]> = [
      [short, 'FETCH_CUT', 'Transferred a partial file'],
      [(_request, response) => response.destroy(), 'FETCH_NOTHING', 'Server returned nothing (no headers, no data)'],
      [
        ({ socket }) => socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'),
        'FETCH_NOTHING',
        'Server returned nothing (no headers, no data)',
      ],
    ];
    for (const [answer, code, message] of cases) {
      const { download, server } = await lab(t, answer);
      await assert.rejects(download(), failure(code, message));
      assert.equal(server.requests.length, 4);
    }
  });

  it('D-12 a transfer that stalls is cut after the time without a byte', async (t) => {
    const clock = new ManualClock(0);
    const { download, server, progress } = await lab(
      t,
      (_request, response) => {
        response.writeHead(200, { 'content-length': 10 });
        response.write('1');
      },
      { attempts: 1 },
    );
    const running = download({}, never, clock).catch((error: unknown) => error);
    await until(() => progress.some(({ done }) => done === 1), 'the first byte', 30_000);
    await clock.advance(59_000);
    assert.equal(server.requests.length, 1);
    await clock.advance(2_000);
    failure('FETCH_TIMEOUT', 'Timeout was reached')(await running);
  });

  it('D-12 a server that trickles is given up, at once and for good', async (t) => {
    const clock = new ManualClock(0);
    const responses: ServerResponse[] = [];
    const { download, server, progress } = await lab(
      t,
      (_request, response) => {
        response.writeHead(200, { 'content-length': 100_000 });
        response.flushHeaders();
        responses.push(response);
      },
      { leastBytesPerSecond: 128 },
    );
    const running = download({}, never, clock).catch((error: unknown) => error);
    await until(() => responses.length === 1, 'the request', 30_000);
    const done = () => progress.at(-1)?.done ?? 0;
    const tenMinutesOf = async (bytes: number) => {
      for (let step = 0; step < 20; step++) {
        const before = done();
        responses[0]?.write(Buffer.alloc(bytes));
        await until(() => done() === before + bytes, 'the bytes', 30_000);
        await clock.advance(30_000);
      }
    };
    await tenMinutesOf(3_840);
    await tenMinutesOf(10);
    responses[0]?.write(Buffer.alloc(10));
    failure('FETCH_SLOW', 'Timeout was reached')(await running);
    assert.equal(server.requests.length, 1);
  });

  it('D-12 a server that never answers is given up after the time for it', async (t) => {
    const clock = new ManualClock(0);
    const { download, server } = await lab(t, () => {}, { attempts: 1 });
    const running = download({}, never, clock).catch((error: unknown) => error);
    await until(() => server.requests.length === 1, 'the request', 30_000);
    await clock.advance(61_000);
    failure('FETCH_TIMEOUT', 'Timeout was reached')(await running);
  });

  it('D-13 a status is told as it is; 4xx is final and 5xx tried again', async (t) => {
    for (const [status, requests] of [
      [404, 1],
      [503, 4],
    ] as const) {
      const { download, server, folder } = await lab(t, (_request, response) => response.writeHead(status).end());
      await assert.rejects(download(), failure('FETCH_HTTP_STATUS', `HTTP ${status}`));
      assert.equal(server.requests.length, requests);
      await discardDownload(folder);
    }
  });

  it('SUA-32 https alone, unless http is allowed; redirects never step down and end after ten', async (t) => {
    const { download, progress } = await lab(t, serves(CONTENT));
    for (const url of ['http://localhost/x', 'ftp://localhost/x', 'file:///etc/passwd']) {
      await assert.rejects(download({ url }), failure('FETCH_PROTOCOL', 'Unsupported protocol'));
    }
    await assert.rejects(download({ url: 'no url' }), failure('FETCH_URL', /^URL using bad/));
    assert.deepEqual(progress, [], 'SUA-24: nothing was tried');
    const plain = await lab(t, serves(CONTENT), { isSecure: false });
    assert.equal((await plain.download({ allowHttp: true })).sha256, SHA256);
    const down = await lab(t, (_request, response) => response.writeHead(302, { location: plain.server.origin }).end());
    await assert.rejects(down.download({ allowHttp: true }), failure('FETCH_PROTOCOL', 'Unsupported protocol'));
    const loop = await lab(t, (_request, response) => response.writeHead(302, { location: '/again' }).end());
    await assert.rejects(loop.download(), failure('FETCH_REDIRECTS', 'Number of redirects hit maximum amount'));
    assert.equal(loop.server.requests.length, 11);
    const once = await lab(t, (request, response) => {
      if (request.url === '/there') serves(CONTENT)(request, response);
      else response.writeHead(307, { location: '/there' }).end();
    });
    assert.equal((await once.download()).sha256, SHA256);
  });

  it('SUA-32 the server’s certificate has to be trusted, its name to fit, and the authorities to be readable', async (t) => {
    const { download, server, caFile } = await lab(t, serves(CONTENT));
    const stranger = join(temporaryFolder(t), 'stranger.pem');
    writeFileSync(stranger, (await createAuthority({ commonName: 'Stranger' })).certificatePem);
    const untrusted = failure('FETCH_CERTIFICATE', 'SSL peer certificate or SSH remote key was not OK');
    await assert.rejects(download({ caFile: stranger }), untrusted);
    await assert.rejects(download({ url: server.origin.replace('localhost', '127.0.0.1') }), untrusted);
    const unreadable = failure('FETCH_CA', 'Problem with the SSL CA cert (path? access rights?)');
    await assert.rejects(download({ caFile: `${caFile}.missing` }), unreadable);
    const folder = temporaryFolder(t);
    const byFolder = { url: `${server.origin}/`, caDirectory: folder, folder: join(folder, 'bundles'), key: 'k' };
    const fetch = () => createDownload({ clock: hasty })(byFolder, () => {}, never);
    await assert.rejects(fetch(), unreadable);
    writeFileSync(join(folder, 'b1f2.0'), server.authorityPem);
    writeFileSync(join(folder, 'README'), 'no certificate');
    assert.equal((await fetch()).sha256, SHA256);
    assert.equal(server.requests.length, 1);
  });

  it('SUA-32 nobody there, and no such host', async (t) => {
    const { download } = await lab(t, serves(CONTENT), { attempts: 1 });
    const closed = createServer();
    await new Promise<void>((listening) => closed.listen(0, '127.0.0.1', listening));
    const { port } = closed.address() as { port: number };
    await new Promise((done) => closed.close(done));
    const url = `https://127.0.0.1:${port}/`;
    await assert.rejects(download({ url }), failure('FETCH_UNREACHABLE', "Couldn't connect to server"));
    const nowhere = download({ url: 'https://no-such-host.invalid/' });
    await assert.rejects(nowhere, failure('FETCH_HOST_UNKNOWN', "Couldn't resolve host name"));
  });

  it('what the desired state pins is checked, and a limit is kept whatever the server announces', async (t) => {
    const { download } = await lab(t, serves(CONTENT));
    await assert.rejects(
      download({ sha256: '00' }),
      failure('FETCH_CHECKSUM', /SHA-256 is [0-9a-f]{64} instead of 00$/),
    );
    await assert.rejects(download({ size: 300_001 }), failure('FETCH_SIZE', /300000 bytes instead of 300001/));
    await assert.rejects(download({ size: 299_999 }), failure('FETCH_TOO_LARGE', /larger than 299999 bytes/));
    await assert.rejects(download({ maxBytes: 1_000 }), failure('FETCH_TOO_LARGE', /larger than 1000 bytes/));
    const endless = await lab(t, (_request, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(CONTENT));
      };
      response.on('drain', more);
      more();
    });
    await assert.rejects(endless.download({ maxBytes: 1_000_000 }), failure('FETCH_TOO_LARGE', /larger than/));
    assert.equal((await download({ key: 'later' })).sha256, SHA256, 'a wrong file is not gone on with');
  });

  it('a body of unknown length is taken to its end', async (t) => {
    const { download } = await lab(t, (_request, response) => {
      response.write(CONTENT.subarray(0, 1_000));
      response.end(CONTENT.subarray(1_000));
    });
    assert.equal((await download()).sha256, SHA256);
  });

  it('there has to be room for it before it is fetched', async (t) => {
    const { download } = await lab(t, (_request, response) => {
      response.writeHead(200, { 'content-length': 2 ** 52 });
      response.flushHeaders();
    });
    await assert.rejects(download(), failure('FETCH_NO_SPACE', /Not enough space in .*: \d+ bytes needed, \d+ free/));
  });

  it('a folder that cannot be made and a file that cannot be opened are told apart', async (t) => {
    const { download, folder } = await lab(t, serves(CONTENT));
    const inTheWay = join(temporaryFolder(t), 'file');
    writeFileSync(inTheWay, '');
    const noFolder = failure('FETCH_FOLDER', 'temporary file folder could not be created');
    await assert.rejects(download({ folder: join(inTheWay, 'bundles') }), noFolder);
    mkdirSync(join(folder, BUNDLE_FILE), { recursive: true });
    await assert.rejects(download(), failure('FETCH_FILE', 'temporary file could not be opened for writing'));
  });

  it('a limit of the bandwidth spreads the bytes over time', async (t) => {
    const clock = new ManualClock(0);
    const { download, progress } = await lab(t, serves(CONTENT), { bytesPerSecond: 100_000 });
    let isDone = false;
    const running = download({}, never, clock).then(() => (isDone = true));
    await until(() => progress.some(({ done }) => done > 0), 'the first bytes', 30_000);
    let steps = 0;
    while (!isDone) {
      await clock.advance(100);
      steps++;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await running;
    assert.ok(steps >= 25, `it took ${steps} tenths of a second`);
  });
});
