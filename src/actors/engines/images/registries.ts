import { registryKey } from '../../../protocols/containers/index.js';
import type { PullRequest } from '../engine.js';

/** How a registry is reached (REG-2). */
export interface Registry {
  readonly credentials?: { readonly user: string; readonly password: string };
  /** PEM files, all three; the engine reads its own copies of them (REG-3). */
  readonly transport?: { readonly rootCa: string; readonly clientCert: string; readonly clientKey: string };
}

/** `host[:port]` → how it is reached; and the hosts that are used without verification (REG-3). */
export interface Registries {
  readonly entries: Readonly<Record<string, Registry>>;
  readonly insecure: readonly string[];
}

/** What a pull of the image needs; without an entry of its registry it is anonymous (REG-2). */
export function pullRequestOf(image: string, registries: Registries): PullRequest {
  const host = registryKey(image);
  const credentials = credentialsOf(host, registries);
  return {
    image,
    ...(credentials ? { credentials } : {}),
    ...(registries.insecure.includes(host) ? { insecure: true } : {}),
  };
}

/** An entry without a name is nobody's (REG-2). */
function credentialsOf(host: string, { entries }: Registries): Registry['credentials'] {
  return host !== '' && Object.hasOwn(entries, host) ? entries[host]?.credentials : undefined;
}

/** A text without the passwords of any registry: engines and programs may repeat what they were given. */
export function withoutPasswords(text: string, { entries }: Registries): string {
  let clean = text;
  for (const { credentials } of Object.values(entries)) {
    if (credentials?.password) clean = clean.replaceAll(credentials.password, '[redacted]');
  }
  return clean;
}
