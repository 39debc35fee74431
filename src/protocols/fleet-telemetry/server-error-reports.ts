import type { AirbrakeSettings, ErrorReportSettings } from './error-report-settings.js';
import type { Findings } from './server-findings.js';
import type { ServerConfig } from './server-settings.js';

type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_HOST = 'https://api.airbrake.io';
const KEY_VARIABLE = 'AIRBRAKE_PROJECT_KEY';
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** The section `airbrake` (spec 8.4), and our own `errorWebhook`. */
export function errorReports(config: ServerConfig, environment: Environment, findings: Findings): ErrorReportSettings {
  const { fleetchart = {}, airbrake: section } = config;
  const { errorWebhook } = fleetchart;
  if (errorWebhook) checkUrl(errorWebhook.url, '/fleetchart/errorWebhook/url', findings);
  return {
    ...(section === undefined ? {} : { airbrake: airbrake(config, section, environment, findings) }),
    ...(errorWebhook === undefined ? {} : { webhook: { url: errorWebhook.url, secret: errorWebhook.secret ?? '' } }),
  };
}

function airbrake(
  { fleetchart = {} }: ServerConfig,
  section: NonNullable<ServerConfig['airbrake']>,
  environment: Environment,
  findings: Findings,
): AirbrakeSettings {
  const given = (section.host || DEFAULT_HOST).replace(/\/+$/, '');
  const host = /^[a-z][a-z0-9+.-]*:\/\//i.test(given) ? given : `https://${given}`;
  checkUrl(host, '/airbrake/host', findings);
  // Set but empty, it wins as well.
  const fromEnvironment = environment[KEY_VARIABLE];
  const projectKey = fromEnvironment ?? fleetchart.airbrakeProjectKey ?? section.project_key ?? '';
  if (projectKey === '') {
    const message = 'missing: without the key of the project notices are refused';
    const hint = `set it, fleetchart.airbrakeProjectKeyFile or ${KEY_VARIABLE}`;
    findings.warnings.push({ code: 'CONFIG_MISSING', pointer: '/airbrake/project_key', message, hint });
  }
  if (section.project_id === undefined) {
    const message = 'missing: notices go to project 0';
    const hint = 'the settings of the project show its id; Errbit takes any';
    findings.warnings.push({ code: 'CONFIG_MISSING', pointer: '/airbrake/project_id', message, hint });
  }
  const { ca_file: caFile = '', server_cert: certFile = '', server_key: keyFile = '' } = section.tls ?? {};
  if ((certFile === '') !== (keyFile === '')) {
    const [key, other] = certFile === '' ? ['server_cert', 'server_key'] : ['server_key', 'server_cert'];
    const message = `missing; ${other} is of no use without it`;
    findings.mistakes.push({ code: 'CONFIG_MISSING', pointer: `/airbrake/tls/${key}`, message });
  }
  return {
    host,
    projectId: section.project_id ?? 0,
    projectKey,
    keySource: fromEnvironment === undefined ? 'config_file' : 'environment_variable',
    environment: section.environment ?? '',
    tls: { caFile, certFile, keyFile },
  };
}

function checkUrl(text: string, pointer: string, { mistakes, warnings }: Findings): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const hint = 'for example https://errors.example';
  // Without the text, in which there may be a password.
  if (!url || !/^https?:$/.test(url.protocol)) {
    mistakes.push({ code: 'CONFIG_VALUE', pointer, message: 'expected an http or https URL', hint });
  } else if (url.username || url.password) {
    mistakes.push({ code: 'CONFIG_VALUE', pointer, message: 'user and password have no place here', hint });
  } else if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname)) {
    const message = 'reports, and with them keys, go unencrypted to another machine';
    warnings.push({ code: 'CONFIG_VALUE', pointer, message, hint: 'use https' });
  }
}
