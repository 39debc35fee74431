import { Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { replacePrivate, textIfPresent } from './private-file.js';

/** Which engine was chosen last. */
const KEPT = Type.Object({
  version: Type.Literal(1),
  kind: Type.Union([Type.Literal('engine-api'), Type.Literal('process'), Type.Literal('simulated')]),
  /** Of `engine-api`. */
  socket: Type.String(),
});
export type KeptChoice = Omit<typeof KEPT.static, 'version'>;

/** Undefined without one that can be read. */
export async function readKeptChoice(file: string): Promise<KeptChoice | undefined> {
  try {
    const kept: unknown = JSON.parse((await textIfPresent(file)) ?? 'null');
    return Value.Check(KEPT, kept) ? kept : undefined;
  } catch {
    return undefined;
  }
}

/** An engine is used even where that cannot be written. */
export async function writeKeptChoice(file: string, { kind, socket }: KeptChoice): Promise<void> {
  const text = JSON.stringify({ version: 1, kind, socket });
  if ((await textIfPresent(file).catch(() => undefined)) === text) return;
  await replacePrivate(file, text).catch(() => {});
}
