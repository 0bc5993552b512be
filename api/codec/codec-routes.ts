/**
 * The codec server: shows operators what the payloads of a saga say, in the Temporal UI and CLI
 * (https://docs.temporal.io/remote-data-encoding). Encoding is for the inputs of signals that the UI sends.
 */
import type { Payload, PayloadCodec } from '@temporalio/common';
import { type Request, type RequestHandler, type Response, Router } from 'express';
import { decodePayloads, encodePayloads } from '../../platform/payload-codec';
import { PayloadNotDecrypted } from '../../platform/payload-encryption';
import { principalOf } from '../http/principal';
import { otherMethods } from '../http/problem-handler';
import { Problem } from '../http/problems';
import { jsonBodyUpTo, valid } from '../http/validation';
import { payloadsJson, payloadsOf, payloadsSchema } from './codec-json';

export const CODEC_PATH = '/codec';

/** 1 MiB: the UI sends the payloads of one event, and the input of a saga of fifty orders has about 20 KB. */
const BODY_LIMIT = '1mb';

export interface CodecServer {
  readonly codecs: readonly PayloadCodec[];
  /** Of the sagas: the codecs are for its payloads. */
  readonly namespace: string;
  /** Scheme, host and port of the Temporal UI, whose page may call from a browser. */
  readonly uiOrigin: string;
}

export function codecRoutes({ codecs, namespace }: CodecServer): Router {
  const router = Router();
  const serve = (path: string, convert: (payloads: Payload[]) => Promise<Payload[]>) =>
    router
      .route(`${CODEC_PATH}/${path}`)
      .post(
        requireOperator,
        requireNamespace(namespace),
        jsonBodyUpTo(BODY_LIMIT),
        async (request: Request, response: Response) => {
          const payloads = payloadsOf(valid(payloadsSchema, request.body));
          response.json(payloadsJson(await convert(payloads)));
        },
      )
      .all(otherMethods('POST'));
  serve('encode', (payloads) => encodePayloads(codecs, payloads));
  serve('decode', (payloads) => decodePayloads(codecs, payloads).catch(refuse));
  return router;
}

const requireOperator: RequestHandler = (_request, response, next) => {
  if (!principalOf(response).scopes.has('operate'))
    throw new Problem('insufficient-scope', 'The token needs the scope operate.', {
      headers: { 'WWW-Authenticate': 'Bearer error="insufficient_scope", scope="operate"' },
    });
  next();
};

/** The UI and the CLI name the namespace. */
function requireNamespace(namespace: string): RequestHandler {
  return (request, _response, next) => {
    const named = request.get('X-Namespace');
    if (named !== undefined && named !== namespace)
      throw new Problem('not-found', `The codecs are for the namespace ${namespace}.`);
    next();
  };
}

function refuse(cause: unknown): never {
  const why = cause instanceof PayloadNotDecrypted ? cause.message : 'the payload codec refused a payload';
  throw new Problem('payload-not-decoded', `${why}.`, { cause });
}
