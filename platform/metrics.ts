/** What a process tells about itself, in the format of Prometheus. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';

const PREFIX = 'order_saga_';

/** 5 ms to 10 s: an answer takes some ten milliseconds, and nobody waits for longer than the longest of these. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

type Labels = Readonly<Record<string, string>>;

/** A number as it is when somebody asks. */
export interface Reading {
  readonly value: number;
  readonly labels?: Labels;
}

export class Metrics {
  readonly #exporter = new PrometheusExporter({
    preventServerStart: true,
    withoutScopeInfo: true,
    withoutTargetInfo: true,
  });
  readonly #provider = new MeterProvider({ readers: [this.#exporter] });
  readonly #meter = this.#provider.getMeter('order-saga');

  /** @param read asked for each scrape; what it throws leaves the number out of that scrape */
  gauge(
    name: string,
    description: string,
    read: () => readonly Reading[] | Promise<readonly Reading[]>,
  ): void {
    this.#meter.createObservableGauge(`${PREFIX}${name}`, { description }).addCallback(async (result) => {
      for (const { value, labels } of await Promise.resolve(read()).catch(() => []))
        result.observe(value, labels);
    });
  }

  /** @returns a function that takes a duration, seconds */
  durations(name: string, description: string): (seconds: number, labels: Labels) => void {
    const histogram = this.#meter.createHistogram(`${PREFIX}${name}`, {
      description,
      advice: { explicitBucketBoundaries: SECONDS },
    });
    return (seconds, labels) => {
      histogram.record(seconds, labels);
    };
  }

  /** @returns a function that counts one */
  counter(name: string, description: string): (labels: Labels) => void {
    const counter = this.#meter.createCounter(`${PREFIX}${name}`, { description });
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

/** How full something is. */
export interface Fullness {
  readonly kind: string;
  readonly inUse: number;
  readonly limit: number;
}

/** A number without labels. */
export function only(value: number): readonly Reading[] {
  return [{ value }];
}
