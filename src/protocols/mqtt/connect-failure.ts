/** CONNACK return codes of MQTT 3.1.1. */
const REFUSALS: Readonly<Record<number, string>> = {
  1: 'the broker does not speak MQTT 3.1.1',
  2: 'the broker refuses the client id',
  3: 'the broker is unavailable at the moment',
  4: 'the broker refuses the user name or password',
  5: 'the broker does not authorise this client: check user name, password and the access list',
};

/** Why a client has no connection, from the code of its error: a CONNACK's or the system's. */
export function connectFailure({ message, code }: { readonly message: string; readonly code?: unknown }): string {
  if (typeof code === 'number') return REFUSALS[code] ?? `the broker refuses with code ${code}`;
  if (code === 'ECONNREFUSED') return 'nobody listens there; is the broker running?';
  if (code === 'ENOTFOUND') return 'the host name is unknown';
  return message || String(code);
}
