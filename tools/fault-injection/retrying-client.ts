/** A client of the API that retries each request until it gets a final answer. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type ClassifiedAnswer, classifyAnswer } from './answer-kinds';
import type { Random } from './random';

/** 12 s: a service answers within 10 s, also when its servers hang; one that is stopped does not answer. */
const ANSWER_WITHIN_MS = 12_000;

/** 3 s for answers that must come at once. */
const READ_WITHIN_MS = 3_000;

/** 500 ms: less than Retry-After (2 s), because another process may be ready. */
const AGAIN_AFTER_MS = 500;

/** 100 are kept in words; more are counted. */
const NAMED_MAX = 100;

export type Answer = Extract<ClassifiedAnswer, { kind: 'answer' }>;
export type Refusal = Extract<ClassifiedAnswer, { kind: 'come back' }>;

export interface Call {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** @param heard undefined: nothing, in time */
type Listener = (call: Call, classified: ClassifiedAnswer | undefined) => void;

export class RetryingClient {
  /** Answers that no client should get, whatever fails. */
  readonly invalid: string[] = [];
  retries = 0;
  #invalidCount = 0;
  #giveUpAt = Infinity;
  readonly #listeners = new Set<Listener>();

  constructor(
    private readonly urls: readonly string[],
    private readonly random: Random,
  ) {}

  /** Sets the deadline for answers; a missing answer is recorded as invalid. */
  giveUpIn(ms: number): void {
    this.#giveUpAt = performance.now() + ms;
  }

  get invalidCount(): number {
    return this.#invalidCount;
  }

  noteInvalid(words: string): void {
    this.#invalidCount += 1;
    if (this.invalid.length < NAMED_MAX) this.invalid.push(words);
  }

  /** Listens to every answer of requests that are retried. @returns stops listening */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** @returns undefined when the time was up */
  untilAnswered(call: Call): Promise<Answer | undefined> {
    return this.until(call, (classified) => classified?.kind === 'answer');
  }

  /**
   * @param isEnough called with every answer, and with undefined when there was none
   * @returns undefined at the deadline
   */
  async until<Enough extends ClassifiedAnswer>(
    call: Call,
    isEnough: (classified: ClassifiedAnswer | undefined) => classified is Enough,
  ): Promise<Enough | undefined> {
    for (let left = this.#leftMs(); left > 0; left = this.#leftMs()) {
      const classified = await this.ask(call, Math.min(left, ANSWER_WITHIN_MS));
      for (const listener of this.#listeners) listener(call, classified);
      if (isEnough(classified)) return classified;
      if (classified?.kind === 'invalid') this.#noteAnswerTo(call, classified.words);
      this.retries += 1;
      await sleep(AGAIN_AFTER_MS);
    }
    this.#noteAnswerTo(call, 'no answer before the deadline');
    return undefined;
  }

  /** Once. @returns undefined when there was no answer in time, or the connection broke */
  ask(call: Call, withinMs: number): Promise<ClassifiedAnswer | undefined> {
    return askAt(this.urls[this.random.below(this.urls.length)] ?? '', call, withinMs);
  }

  /** Once at each process, all at the same time. @returns the answers of those that give one */
  async askEverywhere(call: Call): Promise<Answer[]> {
    const all = await Promise.all(this.urls.map((url) => askAt(url, call, READ_WITHIN_MS)));
    for (const classified of all)
      if (classified?.kind === 'invalid') this.#noteAnswerTo(call, classified.words);
    return all.filter((classified) => classified?.kind === 'answer');
  }

  #noteAnswerTo({ method, path }: Call, words: string): void {
    this.noteInvalid(`${method} ${path}: ${words}`);
  }

  #leftMs(): number {
    return this.#giveUpAt - performance.now();
  }
}

async function askAt(
  url: string,
  { method, path, body, headers }: Call,
  withinMs: number,
): Promise<ClassifiedAnswer | undefined> {
  try {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { ...(body && { 'Content-Type': 'application/json' }), ...headers },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(Math.ceil(withinMs)),
    });
    const text = await response.text();
    const retryAfter = response.headers.get('Retry-After');
    return classifyAnswer({
      status: response.status,
      retryAfter,
      contentType: response.headers.get('Content-Type'),
      text,
    });
  } catch {
    return undefined;
  }
}
