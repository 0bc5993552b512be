/** The turns of pages: events, lists and order histories. A bounded number of requests waits for a turn. */
import type { Request, Response } from 'express';
import { Admission, tooManyOfClient } from './admission';
import { callerLeft } from './caller';
import { clientOf } from './principal';
import { PAGES_QUEUED_MAX, PAGES_QUEUED_PER_CLIENT_MAX, REQUEST_TURNS } from './read-limits';
import { Turns } from './turns';

export class PageTurns {
  /**
   * @param turns of all pages of the process
   * @param queued admits the requests of `enter`
   */
  constructor(
    private readonly turns = new Turns(REQUEST_TURNS),
    readonly queued = new Admission(
      PAGES_QUEUED_MAX,
      { problem: 'too-many-readers', detail: 'Send the request again later or to another process.' },
      PAGES_QUEUED_PER_CLIENT_MAX,
      tooManyOfClient('pages that wait for their turn', PAGES_QUEUED_PER_CLIENT_MAX),
    ),
  ) {}

  /**
   * Waits for the turn of a request that does not wait for news.
   *
   * @throws Problem `too-many-readers` when too many requests wait for their turn
   * @throws CallerLeft when nobody waits for the page
   */
  async enter(request: Request, response: Response): Promise<void> {
    const left = callerLeft(response);
    await this.queued.run(() => this.turns.next(left), { client: clientOf(request, response), left });
    left.throwIfAborted();
  }

  /** Waits for a turn of a request that waits for news: the places for these bound their number. */
  again(over?: AbortSignal): Promise<void> {
    return this.turns.next(over);
  }
}
