import { type Path, toPointer } from './pointer.js';

/** Who set a value. */
export type Source =
  | { readonly kind: 'default' }
  | { readonly kind: 'file'; readonly path: string; readonly position: Position | undefined }
  | { readonly kind: 'environment'; readonly name: string }
  | { readonly kind: 'option'; readonly option: string };

/** A place in a text file, both counted from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Remembers for each value of a configuration under construction who set it last. */
export class Sources {
  private readonly byPointer = new Map<string, Source>();

  set(path: Path, source: Source): void {
    this.byPointer.set(toPointer(path), source);
  }

  has(path: Path): boolean {
    return this.byPointer.has(toPointer(path));
  }

  /** Forgets what lies under `path`, because it was replaced as a whole. */
  clear(path: Path): void {
    const pointer = toPointer(path);
    for (const known of this.byPointer.keys()) {
      if (known === pointer || known.startsWith(`${pointer}/`)) this.byPointer.delete(known);
    }
  }

  /** The source of the value, or of the nearest thing around it that somebody set. */
  of(path: Path): Source | undefined {
    for (let length = path.length; length >= 0; length -= 1) {
      const source = this.byPointer.get(toPointer(path.slice(0, length)));
      if (source) return source;
    }
    return undefined;
  }
}

/** For mistakes: `hub.yaml:12:3`, `environment FLEETCHART_HTTP__PORT`, `--set http.port`, `default`. */
export function describeSource(source: Source): string {
  switch (source.kind) {
    case 'default':
      return 'default';
    case 'environment':
      return `environment ${source.name}`;
    case 'option':
      return source.option;
    case 'file':
      return source.position ? `${source.path}:${source.position.line}:${source.position.column}` : source.path;
  }
}
