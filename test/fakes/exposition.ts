/** One metric as a Prometheus server reads it. */
export interface ExposedMetric {
  readonly type: string;
  readonly series: { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];
}

/** The text exposition, by the names of the metrics. */
export function readExposition(text: string): Map<string, ExposedMetric> {
  const metrics = new Map<string, ExposedMetric>();
  for (const line of text.split('\n')) {
    const [, name, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (name !== undefined && type !== undefined) metrics.set(name, { type, series: [] });
    const series = /^([a-z_][a-z0-9_]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (!series) continue;
    const [, of = '', labels = '', value] = series;
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label, text]) => [label, text] as const);
    metrics.get(of)?.series.push({ labels: Object.fromEntries(pairs), value: Number(value) });
  }
  return metrics;
}
