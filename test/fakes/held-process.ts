/**
 * Loaded before `fleetchart` by a process that is to start at a word: what takes long to load is there by then, and the
 * word is a byte on standard input. Without one, its parent is gone.
 */
import { once } from 'node:events';

await Promise.all([import('../../src/hub.js'), import('../../src/hub-config.js')]);
const ended = once(process.stdin, 'end').then(() => process.exit(1));
await Promise.race([once(process.stdin, 'data'), ended]);
process.stdin.destroy();
