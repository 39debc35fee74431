import type { Baseline, DesiredState } from '../update-agent/index.js';

/** What one agent gets of a desired state. */
export interface Part {
  readonly domain: string;
  readonly state: DesiredState;
}

export interface Split {
  /** In the order of the desired state. */
  readonly parts: readonly Part[];
  /** Domains that no agent is configured for (UM-SPL-4). */
  readonly unknown: readonly string[];
  /** Domains that are named twice: the last entry counts (UM-SPL-3). */
  readonly repeated: readonly string[];
}

/** Cuts a desired state into one for each agent that it names (UM-SPL-1 to UM-SPL-6). */
export function splitDesiredState(state: DesiredState | undefined, agents: readonly string[]): Split {
  const parts = new Map<string, Part>();
  const unknown = new Set<string>();
  const repeated = new Set<string>();
  for (const entry of state?.domains ?? []) {
    const domain = entry.id ?? '';
    if (!agents.includes(domain)) {
      unknown.add(domain);
      continue;
    }
    if (parts.has(domain)) repeated.add(domain);
    const baselines = baselinesOf(domain, state?.baselines ?? []);
    parts.set(domain, {
      domain,
      state: { ...(baselines.length > 0 ? { baselines } : {}), domains: [entry] },
    });
  }
  return { parts: [...parts.values()], unknown: [...unknown], repeated: [...repeated] };
}

/** The baselines that have components of a domain, with those alone (UM-SPL-2). */
function baselinesOf(domain: string, baselines: readonly Baseline[]): Baseline[] {
  return baselines.flatMap((baseline) => {
    const components = (baseline.components ?? []).filter((id) => id.startsWith(`${domain}:`));
    return components.length > 0 ? [{ ...baseline, components }] : [];
  });
}
