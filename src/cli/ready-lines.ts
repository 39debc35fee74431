export const NO_TELEMETRY = 'no telemetry is configured: see config/hub.yaml for a start';

/** What answers where, one a line, as a person calls it: the API's listener serves the console. */
export function urlLines(urls: Readonly<Record<string, string>>): string[] {
  return Object.entries(urls).map(([name, url]) => `${(name === 'http' ? 'console' : name).padEnd(10)} ${url}`);
}
