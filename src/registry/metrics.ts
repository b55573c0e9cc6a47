/** Numbers for Prometheus (text format 0.0.4). Labels are from closed sets, so their number is bounded. */
export interface Metrics {
  count(name: CounterName, labels: Labels, by?: number): void;
  observe(name: HistogramName, labels: Labels, seconds: number): void;
  /** `gauges` are read at this moment. */
  format(gauges: Readonly<Record<string, number>>): string;
}

type Labels = Readonly<Record<string, string>>;
export type CounterName = keyof typeof COUNTERS;
export type HistogramName = keyof typeof HISTOGRAMS;

const COUNTERS = {
  registry_http_requests_total: 'Requests answered, by route, method and status.',
  registry_http_response_bytes_total: 'Bytes of bodies answered, by route.',
  registry_collections_total: 'Garbage collections, by result.',
  registry_collected_blobs_total: 'Blobs removed by garbage collection.',
  registry_collected_bytes_total: 'Bytes freed by garbage collection.',
} as const;

const HISTOGRAMS = {
  registry_http_request_duration_seconds:
    'Time from a request to its answer (not to the end of its body), by route and method.',
} as const;

const BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120];

interface Histogram {
  readonly counts: number[];
  sum: number;
  count: number;
}

export function createMetrics(): Metrics {
  const counters = new Map<CounterName, Map<string, number>>();
  const histograms = new Map<HistogramName, Map<string, Histogram>>();
  return {
    count(name, labels, by = 1) {
      const series = counters.get(name) ?? new Map<string, number>();
      counters.set(name, series);
      const key = formatLabels(labels);
      series.set(key, (series.get(key) ?? 0) + by);
    },
    observe(name, labels, seconds) {
      const series = histograms.get(name) ?? new Map<string, Histogram>();
      histograms.set(name, series);
      const key = formatLabels(labels);
      const histogram = series.get(key) ?? { counts: BUCKETS.map(() => 0), sum: 0, count: 0 };
      series.set(key, histogram);
      const bucket = BUCKETS.findIndex((limit) => seconds <= limit);
      if (bucket !== -1) histogram.counts[bucket] = (histogram.counts[bucket] ?? 0) + 1;
      histogram.sum += seconds;
      histogram.count++;
    },
    format: (gauges) =>
      [
        ...Object.entries(gauges).flatMap(([name, value]) => [`# TYPE ${name} gauge`, `${name} ${value}`]),
        ...[...counters].flatMap(([name, series]) => [
          `# HELP ${name} ${COUNTERS[name]}`,
          `# TYPE ${name} counter`,
          ...[...series].map(([labels, value]) => `${name}${braced(labels)} ${value}`),
        ]),
        ...[...histograms].flatMap(([name, series]) => [
          `# HELP ${name} ${HISTOGRAMS[name]}`,
          `# TYPE ${name} histogram`,
          ...[...series].flatMap(([labels, histogram]) => formatHistogram(name, labels, histogram)),
        ]),
        '',
      ].join('\n'),
  };
}

function formatHistogram(name: string, labels: string, { counts, sum, count }: Histogram): readonly string[] {
  let below = 0;
  const lines = BUCKETS.map((limit, index) => {
    below += counts[index] ?? 0;
    return `${name}_bucket${braced(`${labels},le="${limit}"`)} ${below}`;
  });
  return [
    ...lines,
    `${name}_bucket${braced(`${labels},le="+Inf"`)} ${count}`,
    `${name}_sum${braced(labels)} ${sum}`,
    `${name}_count${braced(labels)} ${count}`,
  ];
}

function braced(labels: string): string {
  return labels === '' ? '' : `{${labels.replace(/^,/, '')}}`;
}

function formatLabels(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${value.replace(/[\\"\n]/g, '_')}"`)
    .join(',');
}
