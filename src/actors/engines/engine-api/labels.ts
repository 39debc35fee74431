/** What tells our containers from all others in an engine (ENG-1); fixed at their creation. */
export const LABEL = {
  id: 'fleetchart.id',
  owner: 'fleetchart.owner',
  activity: 'fleetchart.activity',
} as const;

/** Undefined for a container that is none of ours. */
export function ourLabels(
  labels: Readonly<Record<string, string>> | null | undefined,
): { readonly id: string; readonly owner: string; readonly activity: string } | undefined {
  const id = labels?.[LABEL.id];
  const owner = labels?.[LABEL.owner];
  return id && owner ? { id, owner, activity: labels?.[LABEL.activity] ?? '' } : undefined;
}

/** Of a query for containers. */
export const labelFilter = (...label: readonly string[]): string => JSON.stringify({ label });
