import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { HttpError } from './problem.js';

export interface StaticFile {
  readonly body: Buffer;
  readonly contentType: string;
  readonly etag: string;
  readonly cacheControl: string;
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};

/** Paths that mean the same in a URL, in a route and on disk. */
const PLAIN_PATH = /^[\w./-]+$/;

const LARGEST_FOLDER_BYTES = 64 * 1024 * 1024;

/**
 * Reads a folder into memory, by URL path; `index.html` also stands for its folder. A request then only looks up a map,
 * so there is no path that could leave the folder. Symbolic links, kinds of file not known here and unusual names are left out; a
 * folder that does not exist has no files.
 */
export function loadStaticFiles(folder: string): Map<string, StaticFile> {
  const files = new Map<string, StaticFile>();
  if (!existsSync(folder)) return files;
  let total = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const contentType = CONTENT_TYPES[extname(entry.name)];
    if (!entry.isFile() || !contentType) continue;
    const path = join(entry.parentPath, entry.name);
    const body = readFileSync(path);
    total += body.length;
    if (total > LARGEST_FOLDER_BYTES) {
      throw new HttpError('HTTP_STATIC_TOO_LARGE', `${folder} holds more than ${LARGEST_FOLDER_BYTES} bytes to serve`);
    }
    const url = `/${relative(folder, path).split(sep).join('/')}`;
    if (!PLAIN_PATH.test(url)) continue;
    const file = {
      body,
      contentType,
      etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`,
      cacheControl: entry.name.endsWith('.html') ? 'no-store' : 'no-cache',
    };
    files.set(url, file);
    if (entry.name === 'index.html') files.set(url.slice(0, -'index.html'.length), file);
  }
  return files;
}
