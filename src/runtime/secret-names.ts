/**
 * A field is a secret when a word of its name is one of these: `privateKey`, `client_secret`, `X-Auth-Token`. What a
 * program finds in its environment (`env`) often is one.
 */
const SECRET_WORDS = new Set(['env', 'key', 'apikey', 'privatekey', 'authorization', 'cookie', 'pwd']);
/** Or ends with one of these: `accesstoken`. */
const SECRET_ENDINGS = ['password', 'passwd', 'passphrase', 'token', 'secret', 'credential'];

const MOST_KNOWN = 2_000;
const LONGEST_KNOWN = 128;

/** Names seen, so that the words of each are looked at once. */
const known = new Map<string, boolean>();

/** Whether what stands under this name is left out of logs, inspection and fixtures (INS-5). */
export function isSecretName(name: string): boolean {
  const before = known.get(name);
  if (before !== undefined) return before;
  const words = name
    .replace(/([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])/g, '$1$3 $2$4')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  const secret = words.some((word) => {
    const singular = word.replace(/s$/, '');
    return SECRET_WORDS.has(singular) || SECRET_ENDINGS.some((ending) => singular.endsWith(ending));
  });
  if (known.size >= MOST_KNOWN) known.clear();
  if (name.length <= LONGEST_KNOWN) known.set(name, secret);
  return secret;
}
