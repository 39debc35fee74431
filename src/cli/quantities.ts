import { InvalidArgumentError } from 'commander';

/** A number above 0, as an option takes it. */
export function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError('It must be a number above 0.');
  return value;
}
