import type { HttpDispatcherSettings } from './http-settings.js';
import type { Findings } from './server-findings.js';
import { type ServerConfig, serverDefaults } from './server-settings.js';

/** The section of the `http` dispatcher, which is ours. */
export function http({ fleetchart }: ServerConfig, { mistakes, warnings }: Findings): HttpDispatcherSettings {
  const section = fleetchart?.http;
  const { secret = '', tls: files, ...others } = section ?? {};
  const hint = 'for example https://records.example/fleet';
  const complain = (code: 'CONFIG_MISSING' | 'CONFIG_VALUE', pointer: string, message: string) =>
    mistakes.push({ code, pointer: `/fleetchart/http${pointer}`, message, hint });
  if (section === undefined) {
    complain('CONFIG_MISSING', '', 'expected http to be configured: records use it');
  } else if (!section.url) {
    complain('CONFIG_MISSING', '/url', 'missing; expected where to post records to');
  } else {
    const url = URL.canParse(section.url) ? new URL(section.url) : undefined;
    // Without the text, in which there may be a password.
    if (!url || !/^https?:$/.test(url.protocol)) complain('CONFIG_VALUE', '/url', 'expected an http or https URL');
    else if (url.username || url.password) {
      complain('CONFIG_VALUE', '/url', 'user and password have no place here; requests are signed with secret');
    } else if (url.protocol === 'http:' && !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname)) {
      const message = 'records go unencrypted to another machine';
      warnings.push({ code: 'CONFIG_VALUE', pointer: '/fleetchart/http/url', message, hint: 'use https' });
    }
  }
  const { caFile = '', certFile = '', keyFile = '', serverName = '' } = files ?? {};
  if ((certFile === '') !== (keyFile === '')) {
    const [key, other] = certFile === '' ? ['certFile', 'keyFile'] : ['keyFile', 'certFile'];
    complain('CONFIG_MISSING', `/tls/${key}`, `missing; ${other} is of no use without it`);
  }
  return { ...serverDefaults.http, url: '', ...others, secret, tls: { caFile, certFile, keyFile, serverName } };
}
