import type { SlotCounts, SlotStatus } from '../installer.js';

/** Reads the answer of `GetSlotStatus`, `a(sa{sv})`. What the service does not know is absent. */
export function readSlots(answer: unknown): SlotStatus[] {
  if (!Array.isArray(answer)) return [];
  return answer.filter(Array.isArray).map((entry: unknown[]) => slotOf(String(entry[0]), entry[1]));
}

function slotOf(name: string, facts: unknown): SlotStatus {
  const fact = facts as Record<string, unknown>;
  const text = <Key extends string>(key: Key, of: string): { [K in Key]?: string } => {
    const value = fact[of];
    return typeof value === 'string' ? ({ [key]: value } as { [K in Key]?: string }) : {};
  };
  const state = fact['state'];
  return {
    name,
    state: state === 'booted' || state === 'active' ? state : 'inactive',
    installedCount: Number(fact['installed.count'] ?? 0),
    ...text('bootname', 'bootname'),
    ...text('status', 'status'),
    ...text('bootStatus', 'boot-status'),
    ...text('version', 'bundle.version'),
  };
}

/** How often each slot was installed, to be compared after the next installation (SUA-41). */
export const installedCounts = (slots: readonly SlotStatus[]): SlotCounts =>
  Object.fromEntries(slots.map(({ name, installedCount = 0 }) => [name, installedCount]));

/** The slot that an installation of `version` has filled since `before`; its status alone proves nothing (SUA-42). */
export function installedSlot(
  slots: readonly SlotStatus[],
  version: string,
  before: SlotCounts,
): SlotStatus | undefined {
  return slots.find(
    (slot) =>
      slot.state !== 'booted' &&
      slot.version === version &&
      slot.status === 'ok' &&
      (slot.installedCount ?? 0) > (before[slot.name] ?? 0),
  );
}
