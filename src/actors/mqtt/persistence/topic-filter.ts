/** Whether a topic fits a filter (MQTT 3.1.1, 4.7); wildcards at the beginning do not mean topics that begin with $. */
export function fitsFilter(topic: string, filter: string): boolean {
  if (topic.startsWith('$') && (filter.startsWith('+') || filter.startsWith('#'))) return false;
  const levels = topic.split('/');
  const parts = filter.split('/');
  for (const [index, part] of parts.entries()) {
    if (part === '#') return true;
    if (index >= levels.length || (part !== '+' && part !== levels[index])) return false;
  }
  return parts.length === levels.length;
}

export const isWild = (filter: string): boolean => filter.includes('+') || filter.includes('#');
