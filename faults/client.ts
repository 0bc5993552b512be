/** Asks the API as a caller does who wants an answer: again and again, as long as it is told to come back. */
import { setTimeout as sleep } from 'node:timers/promises';
import { hear, type Heard } from './answers';
import type { Random } from './random';

/** 10 s for an answer; a service that is stopped does not give one. */
const ANSWER_WITHIN_MS = 10_000;

/** 500 ms: sooner than callers are told (2 s), because another process may be well. */
const AGAIN_AFTER_MS = 500;

/** 100 in words; more are counted. */
const NAMED_MAX = 100;

export type Answer = Extract<Heard, { kind: 'answer' }>;

export interface Call {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

export class FaultClient {
  /** Answers that no caller should get, whatever is broken. */
  readonly strange: string[] = [];
  sentAgain = 0;
  #strangeCount = 0;
  #giveUpAt = Infinity;

  constructor(
    private readonly urls: readonly string[],
    private readonly random: Random,
  ) {}

  /** From now on who has no answer after that time gets none, and that is strange. */
  giveUpIn(ms: number): void {
    this.#giveUpAt = performance.now() + ms;
  }

  get strangeCount(): number {
    return this.#strangeCount;
  }

  noteStrange(words: string): void {
    this.#strangeCount += 1;
    if (this.strange.length < NAMED_MAX) this.strange.push(words);
  }

  /** @returns undefined when the time was up */
  async untilAnswered(call: Call): Promise<Answer | undefined> {
    for (let left = this.#leftMs(); left > 0; left = this.#leftMs()) {
      const heard = await this.ask(call, Math.min(left, ANSWER_WITHIN_MS));
      if (heard?.kind === 'answer') return heard;
      if (heard?.kind === 'strange') this.noteStrange(`${call.method} ${call.path}: ${heard.words}`);
      this.sentAgain += 1;
      await sleep(AGAIN_AFTER_MS);
    }
    this.noteStrange(`${call.method} ${call.path}: no answer when the time was up`);
    return undefined;
  }

  /** Once. @returns undefined when there was no answer in time, or the connection broke */
  async ask({ method, path, body, headers }: Call, withinMs: number): Promise<Heard | undefined> {
    const url = this.urls[this.random.below(this.urls.length)] ?? '';
    try {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: { ...(body && { 'Content-Type': 'application/json' }), ...headers },
        ...(body && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(Math.ceil(withinMs)),
      });
      const text = await response.text();
      const retryAfter = response.headers.get('Retry-After');
      return hear({
        status: response.status,
        retryAfter,
        contentType: response.headers.get('Content-Type'),
        text,
      });
    } catch {
      return undefined;
    }
  }

  #leftMs(): number {
    return this.#giveUpAt - performance.now();
  }
}
