import { DispatchError } from './errors.js';

/** An optional dependency, by what an operator has to type. */
export interface ClientPackage {
  readonly dispatcher: string;
  readonly name: string;
  readonly major: number;
}

/** Loads a client library when it is first needed; rejects with the name of the package if it is not there. */
export async function loadPackage<T>({ dispatcher, name, major }: ClientPackage, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const isMissing = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND' || /Cannot find/.test(message);
    const trouble = isMissing ? 'is not installed' : `cannot be loaded (${message})`;
    throw new DispatchError(
      'DISPATCH_PACKAGE_MISSING',
      `the ${dispatcher} dispatcher needs the package ${name}, which ${trouble}: npm install ${name}@${major}`,
      { cause: error, retryable: true },
    );
  }
}
