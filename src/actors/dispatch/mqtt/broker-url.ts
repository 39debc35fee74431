import type { Result } from '../record.js';

const SCHEMES: Readonly<Record<string, string>> = {
  tcp: 'mqtt',
  mqtt: 'mqtt',
  ssl: 'mqtts',
  tls: 'mqtts',
  mqtts: 'mqtts',
  ws: 'ws',
  wss: 'wss',
};

/**
 * The URL of a broker, from `host:port`, `:port` (this machine) or a URL with one of the usual schemes (FT-MQ-1), with
 * the scheme that mqtt.js knows.
 */
export function brokerUrl(text: string): Result<URL> {
  const address = text.startsWith(':') ? `127.0.0.1${text}` : text;
  const [, scheme, rest] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i.exec(address) ?? ['', 'tcp', address];
  const known = SCHEMES[(scheme as string).toLowerCase()];
  if (!known) return invalid(`${scheme}:// is none of ${Object.keys(SCHEMES).join(':// ')}://`);
  const host = (rest as string).startsWith(':') ? `127.0.0.1${rest}` : rest;
  const url = URL.canParse(`${known}://${host}`) ? new URL(`${known}://${host}`) : undefined;
  if (!url?.hostname) return invalid('expected host:port, :port or a URL');
  return { ok: true, value: url };
}

/** The URL as it may be shown: without user and password. */
export function shownUrl(url: URL): string {
  const shown = new URL(url);
  shown.username = '';
  shown.password = '';
  return shown.href;
}

const invalid = (detail: string): Result<never> => ({ ok: false, error: { code: 'DISPATCH_BROKER_INVALID', detail } });
