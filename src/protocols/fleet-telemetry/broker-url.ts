const SCHEMES: Readonly<Record<string, string>> = {
  tcp: 'mqtt',
  mqtt: 'mqtt',
  ssl: 'mqtts',
  tls: 'mqtts',
  mqtts: 'mqtts',
  // Names that Go's client has for the same.
  'mqtt+ssl': 'mqtts',
  tcps: 'mqtts',
  ws: 'ws',
  wss: 'wss',
};

export type BrokerUrlResult =
  | { readonly ok: true; readonly value: URL }
  | { readonly ok: false; readonly error: { readonly code: 'BROKER_URL_INVALID'; readonly detail: string } };

/**
 * The URL of a broker, from `host:port`, `:port` (this machine) or a URL with one of the usual schemes (FT-MQ-1), with
 * the scheme that mqtt.js knows. What is wrong is said without the text, in which there may be a password.
 */
export function brokerUrl(text: string): BrokerUrlResult {
  const address = text.startsWith(':') ? `127.0.0.1${text}` : text;
  const [, scheme, rest] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i.exec(address) ?? ['', 'tcp', address];
  const known = SCHEMES[(scheme as string).toLowerCase()];
  if (!known) return invalid(`the scheme is none of ${Object.keys(SCHEMES).join(', ')}`);
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

const invalid = (detail: string): BrokerUrlResult => ({ ok: false, error: { code: 'BROKER_URL_INVALID', detail } });
