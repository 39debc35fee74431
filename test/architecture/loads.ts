import { resolveImport } from './layers.js';
import { parseSource, type SourceFile } from './source.js';

/** The npm packages that are loaded with a file before any `import()` is called, by name. */
export function packagesLoadedWith(files: readonly SourceFile[], entry: string): string[] {
  const sources = new Map(files.map((file) => [file.path, file]));
  const seen = new Set<string>();
  const packages = new Set<string>();
  const walk = (path: string): void => {
    const file = sources.get(path);
    if (!file || seen.has(path)) return;
    seen.add(path);
    for (const { specifier, isType, isLazy } of parseSource(file).imports) {
      if (isType || isLazy || specifier.startsWith('node:')) continue;
      if (specifier.startsWith('.')) walk(resolveImport(path, specifier));
      else packages.add(specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/'));
    }
  };
  walk(entry);
  return [...packages].sort();
}
