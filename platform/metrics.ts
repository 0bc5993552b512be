/** The metrics of a process, in the Prometheus format. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';

export const METRIC_PREFIX = 'order_saga_';

/** Histogram buckets, seconds, 5 ms to 10 s: a response takes about 10 ms, and few clients wait longer than 10 s. */
const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

type Labels = Readonly<Record<string, string>>;

/** The value of a gauge at the time of a scrape. */
export interface Reading {
  readonly value: number;
  readonly labels?: Labels;
}

type Read = () => readonly Reading[] | Promise<readonly Reading[]>;

export class Metrics {
  readonly #exporter = new PrometheusExporter({
    preventServerStart: true,
    withoutScopeInfo: true,
    withoutTargetInfo: true,
  });
  readonly #provider = new MeterProvider({ readers: [this.#exporter] });
  readonly #meter = this.#provider.getMeter('order-saga');
  readonly #gauges = new Map<string, Read>();

  /** @param read called for each scrape; if it throws, that scrape omits the gauge */
  gauge(name: string, description: string, read: Read): void {
    this.#gauges.set(name, read);
    this.#meter
      .createObservableGauge(`${METRIC_PREFIX}${name}`, { description })
      .addCallback(async (result) => {
        for (const { value, labels } of await Promise.resolve(read()).catch(() => []))
          result.observe(value, labels);
      });
  }

  /** The names of the gauges, without the prefix of the project. */
  get gauges(): readonly string[] {
    return [...this.#gauges.keys()];
  }

  /**
   * Reads one gauge for another purpose than a scrape.
   *
   * @returns undefined when this process does not have it
   * @throws what the gauge throws
   */
  async read(name: string): Promise<readonly Reading[] | undefined> {
    return this.#gauges.get(name)?.();
  }

  /** @returns a function that records a duration, seconds */
  durations(name: string, description: string): (seconds: number, labels: Labels) => void {
    const histogram = this.#meter.createHistogram(`${METRIC_PREFIX}${name}`, {
      description,
      advice: { explicitBucketBoundaries: DURATION_BUCKETS },
    });
    return (seconds, labels) => {
      histogram.record(seconds, labels);
    };
  }

  /** @returns a function that increments the counter by one */
  counter(name: string, description: string): (labels: Labels) => void {
    const counter = this.#meter.createCounter(`${METRIC_PREFIX}${name}`, { description });
    return (labels) => {
      counter.add(1, labels);
    };
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    this.#exporter.getMetricsRequestHandler(request, response);
  }

  stop(): Promise<void> {
    return this.#provider.shutdown();
  }
}

/** The use of a bounded resource. */
export interface ResourceUsage {
  readonly kind: string;
  readonly inUse: number;
  readonly limit: number;
}
