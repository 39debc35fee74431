import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { signatureOf } from '../../../src/actors/dispatch/index.js';
import { createErrorReports, type ErrorReport } from '../../../src/actors/error-reports/index.js';
import type { ErrorReportSettings } from '../../../src/protocols/fleet-telemetry/error-report-settings.js';
import { createLogger, ManualClock, Metrics } from '../../../src/runtime/index.js';
import { HttpReceiver } from '../../fakes/http-receiver.js';
import { eventually, testCertificates } from '../../fakes/ingest-hub.js';
import { temporaryFolder } from '../../fakes/runtime.js';

const NO_TLS = { caFile: '', certFile: '', keyFile: '' };
const AT = Date.UTC(2026, 0, 1);

const report = (message: string, params: object = {}): ErrorReport => ({
  at: AT,
  type: 'dispatcher',
  message,
  severity: 'error',
  params: { log_type: 'error', ...params },
});

const airbrakeAt = (host: string, tls = NO_TLS): ErrorReportSettings => ({
  airbrake: { host, projectId: 7, projectKey: 'k3y', keySource: 'config_file', environment: 'test', tls },
});

function setUp(t: TestContext, settings: ErrorReportSettings) {
  const log: { level: string; msg: string; error?: string }[] = [];
  const logger = createLogger({ destination: { write: (line) => void log.push(JSON.parse(line)) } });
  const metrics = new Metrics();
  const clock = new ManualClock(AT);
  const reports = createErrorReports({ settings, clock, logger, metrics, version: '1', hostname: 'machine' });
  t.after(() => reports.close(0));
  const counted = async (outcome: string, sink = 'airbrake'): Promise<number> => {
    const line = `error_reports_total{sink="${sink}",outcome="${outcome}"} `;
    return Number(
      (await metrics.text())
        .split('\n')
        .find((text) => text.startsWith(line))
        ?.slice(line.length) ?? 0,
    );
  };
  const until = (outcome: string, count: number, sink?: string) =>
    eventually(async () => (await counted(outcome, sink)) === count, `${count} ${outcome}`);
  return { log, clock, reports, counted, until };
}

const failures = (log: readonly { msg: string }[]): number =>
  log.filter(({ msg }) => msg === 'error_report_failed').length;

describe('8.4 reports of errors', () => {
  it('8.4 reach the API of Airbrake over TLS, with the key of the project and without secrets', async (t) => {
    const { authority, server } = await testCertificates();
    const receiver = await HttpReceiver.start(t, { cert: server.chainPem, key: server.keyPem });
    receiver.answer = () => ({ status: 201, body: '{"id":"1"}' });
    const caFile = join(temporaryFolder(t), 'ca.crt');
    writeFileSync(caFile, authority.certificatePem);
    const { reports, until, log } = setUp(t, airbrakeAt(`https://localhost:${receiver.port}`, { ...NO_TLS, caFile }));
    reports.report(report('redis_err', { error: 'gone', password: 'hunter2', txid: 't' }));
    await until('sent', 1);
    const [request] = receiver.requests;
    assert.equal(request?.headers.authorization, 'Bearer k3y');
    assert.equal(request?.headers['content-type'], 'application/json');
    const notice = JSON.parse(String(request?.body));
    assert.deepEqual(notice.errors, [{ type: 'dispatcher', message: 'redis_err', backtrace: [] }]);
    assert.deepEqual([notice.params.error, notice.params.txid], ['gone', 't']);
    assert.ok(!String(request?.body).includes('hunter2'));
    assert.ok(log.some(({ msg }) => msg === 'airbrake_configured'));
    assert.ok(!JSON.stringify(log).includes('k3y'));
  });

  it('ERP-3 that they fail is logged once, until one arrives', async (t) => {
    const receiver = await HttpReceiver.start(t);
    let status = 401;
    receiver.answer = () => ({ status });
    const { reports, until, log } = setUp(t, airbrakeAt(`http://127.0.0.1:${receiver.port}`));
    for (const message of ['a', 'b', 'c']) reports.report(report(message));
    await until('failed', 3);
    assert.equal(failures(log), 1);
    assert.match(log.find(({ msg }) => msg === 'error_report_failed')?.error ?? '', /401.*key/);
    status = 201;
    reports.report(report('d'));
    await until('sent', 1);
    assert.ok(log.some(({ msg }) => msg === 'error_reports_arrive_again'));
    await receiver.stop();
    reports.report(report('e'));
    await until('failed', 4);
    assert.equal(failures(log), 2);
  });

  it('ERP-3 an answer that does not come is given up after ten seconds', async (t) => {
    const receiver = await HttpReceiver.start(t);
    receiver.answer = () => undefined;
    const { reports, until, clock } = setUp(t, airbrakeAt(`http://127.0.0.1:${receiver.port}`));
    reports.report(report('a'));
    await eventually(() => receiver.requests.length === 1, 'a request');
    await clock.advance(10_000);
    await until('failed', 1);
  });

  it('ERP-2 the receiver may ask for patience, and no more than sixty a minute are sent', async (t) => {
    const receiver = await HttpReceiver.start(t);
    receiver.answer = () => ({ status: 429, headers: { 'X-RateLimit-Delay': '120' } });
    const { reports, until, clock } = setUp(t, airbrakeAt(`http://127.0.0.1:${receiver.port}`));
    reports.report(report('a'));
    await until('failed', 1);
    reports.report(report('b'));
    await until('dropped', 1);
    receiver.answer = () => ({ status: 201 });
    await clock.advance(120_000);
    for (let count = 0; count < 65; count++) reports.report(report('c'));
    await until('sent', 60);
    await until('dropped', 6);
  });

  it('ERP-1 at a stop what waits is sent, for a while, and then given up', async (t) => {
    const receiver = await HttpReceiver.start(t);
    receiver.answer = () => undefined;
    const { reports, clock, counted } = setUp(t, airbrakeAt(`http://127.0.0.1:${receiver.port}`));
    for (const message of ['a', 'b', 'c']) reports.report(report(message));
    await eventually(() => receiver.requests.length === 1, 'a request');
    const closed = reports.close(1_000);
    await clock.advance(1_000);
    await closed;
    assert.deepEqual([await counted('failed'), await counted('dropped')], [1, 2]);
    reports.report(report('late'));
    assert.equal(receiver.requests.length, 1);
  });

  it('8.4 reach a receiver of your own, signed', async (t) => {
    const receiver = await HttpReceiver.start(t);
    const { reports, until } = setUp(t, { webhook: { url: receiver.url, secret: 's' } });
    reports.report(report('redis_err', { error: 'gone' }));
    await until('sent', 1, 'webhook');
    const [request] = receiver.requests;
    assert.ok(request);
    assert.equal(request.headers['fleetchart-signature'], signatureOf('s', AT / 1000, request.body));
    const body = JSON.parse(String(request.body));
    assert.deepEqual([body.message, body.params.error, body.hostname], ['redis_err', 'gone', 'machine']);
  });
});
