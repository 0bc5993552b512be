/** Reads payloads and failures of histories through the data converter of the client, so also those that are encoded. */
import type { LoadedDataConverter, Payload } from '@temporalio/common';
import {
  decodeFromPayloadsAtIndex,
  decodeOptionalFailureToOptionalError,
  decodeOptionalSinglePayload,
} from '@temporalio/common/lib/internal-non-workflow';
import type { temporal } from '@temporalio/proto';

type Failure = temporal.api.failure.v1.IFailure;
type Maybe<T> = T | null | undefined;

export class PayloadReader {
  constructor(private readonly converter: LoadedDataConverter) {}

  one(payload: Maybe<Payload>): Promise<unknown> {
    return decodeOptionalSinglePayload<unknown>(this.converter, payload);
  }

  /** @returns the value of the first payload; undefined when there is none */
  async first(payloads: Maybe<{ payloads?: Maybe<Payload[]> }>): Promise<unknown> {
    const list = payloads?.payloads ?? [];
    return list.length === 0 ? undefined : decodeFromPayloadsAtIndex<unknown>(this.converter, 0, list);
  }

  /** @returns the message of the failure, without its causes: they quote statements */
  async failure(failure: Maybe<Failure>): Promise<string | undefined> {
    return (await decodeOptionalFailureToOptionalError(this.converter, failure))?.message;
  }

  /** @returns the text that the saga gave a command for the Temporal UI */
  async summary(event: { userMetadata?: Maybe<{ summary?: Maybe<Payload> }> }): Promise<string> {
    const summary = await this.one(event.userMetadata?.summary);
    return typeof summary === 'string' ? summary : '';
  }
}
