/** References of images as text. Nothing is put in place of what they leave out: they compare as written (CUA-17). */

/** What a reference without tag and digest has as version. */
export const NO_VERSION = 'n/a';

/** Of the last segment what follows its `@`, else its first `:` (CUA-18). */
export function versionOfImage(reference: string): string {
  const segment = reference.slice(reference.lastIndexOf('/') + 1);
  for (const separator of ['@', ':']) {
    const at = segment.indexOf(separator);
    if (at !== -1 && at < segment.length - 1) return segment.slice(at + 1);
  }
  return NO_VERSION;
}

/** What registries are configured by, `host[:port]`: the text before the first `/`, all of it without one (REG-2). */
export function registryKey(reference: string): string {
  const end = reference.indexOf('/');
  return end === -1 ? reference : reference.slice(0, end);
}

export interface ImageParts {
  /** With its registry. */
  readonly name: string;
  readonly tag?: string;
  /** `sha256:…` */
  readonly digest?: string;
}

/** `name[:tag][@digest]`; a port is no tag. */
export function imageParts(reference: string): ImageParts {
  const at = reference.indexOf('@');
  const tagged = at === -1 ? reference : reference.slice(0, at);
  const colon = tagged.indexOf(':', tagged.lastIndexOf('/') + 1);
  return {
    name: colon === -1 ? tagged : tagged.slice(0, colon),
    ...(colon === -1 ? {} : { tag: tagged.slice(colon + 1) }),
    ...(at === -1 ? {} : { digest: reference.slice(at + 1) }),
  };
}

/** A container as a piece of installed software (THG-16). */
export interface Dependency {
  readonly group: string;
  readonly name: string;
  readonly version: string;
}

/** Up to the first `:` the group, so a port of a registry belongs to the version: others read it so, too. */
export function dependencyOf(image: string, containerId: string): Dependency {
  const end = image.indexOf(':');
  return end === -1
    ? { group: image, name: containerId, version: '' }
    : { group: image.slice(0, end), name: containerId, version: image.slice(end + 1) };
}

/** Where it stands among `installedDependencies`. */
export const dependencyKey = ({ group, name, version }: Dependency): string =>
  `${group}.${name}:${version}`.replaceAll('/', '%2F');
