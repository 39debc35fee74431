import { fileURLToPath } from 'node:url';

/** Absolute path of the folder with the bundled console page (`index.html` and what it loads), for the HTTP server. */
export const consolePublicFolder: string = fileURLToPath(
  new URL('dist/src/console/public', import.meta.resolve('fleetchart/package.json')),
);
