import { serverDefaults } from './server-settings.js';
import type { LastValuesSection, LastValuesSettings, PresenceSection, PresenceSettings } from './vehicles-settings.js';

/** FT-CON-4. */
export function presence(own: PresenceSection = {}): PresenceSettings {
  const { offlineAfterS, restartGraceS, silentAfterMin } = serverDefaults.presence;
  const { silentAfterMinutes = silentAfterMin } = own;
  return {
    offlineAfterMs: (own.offlineAfterSeconds ?? offlineAfterS) * 1000,
    restartGraceMs: (own.restartGraceSeconds ?? restartGraceS) * 1000,
    silentAfterMs: silentAfterMinutes === 'off' ? undefined : silentAfterMinutes * 60_000,
  };
}

/** Undefined where they are switched off. */
export function lastValues({ enabled = true, ...own }: LastValuesSection = {}): LastValuesSettings | undefined {
  return enabled ? { ...serverDefaults.lastValues, ...own } : undefined;
}
