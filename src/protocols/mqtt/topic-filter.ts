/** Whether a filter takes a topic (MQTT 3.1.1, 4.7): `+` stands for one level, `#` at the end for any number. */
export function filterTakes(filter: string, topic: string): boolean {
  const wanted = filter.split('/');
  const levels = topic.split('/');
  // Wildcards at the beginning leave out the broker's own topics (4.7.2).
  if (topic.startsWith('$') && /^[+#]/.test(filter)) return false;
  for (const [index, level] of wanted.entries()) {
    if (level === '#') return true;
    if (index >= levels.length || (level !== '+' && level !== levels[index])) return false;
  }
  return wanted.length === levels.length;
}
