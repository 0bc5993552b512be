/** Compresses answers that are large and the same for all: documents, lists, pages of events, metrics. */
import compression from 'compression';
import type { Request, RequestHandler, Response } from 'express';

/**
 * Not the rest: one order is smaller than a packet. And a secret beside something that an attacker has chosen could be guessed
 * from the size (BREACH), so nothing that repeats the request, has a token or a customer's name is compressed.
 */
const COMPRESSED = /^\/(docs|openapi\.json|metrics|orders|events|customers\/[^/]+\/orders)\/?$/i;

/** 1 KB: less fits a packet anyway. */
const THRESHOLD_BYTES = 1_024;

/** 4: three quarters of the gain of 6, which is the default, in half of the time. */
const LEVEL = 4;

export const compressedAnswers: RequestHandler = compression({
  threshold: THRESHOLD_BYTES,
  level: LEVEL,
  filter: isCompressed,
});

function isCompressed({ method, path }: Request, response: Response): boolean {
  // Not event streams: an event would wait until a block is full.
  const type = response.getHeader('Content-Type');
  const isText = typeof type === 'string' && /^(application\/json|text\/(html|plain))\b/.test(type);
  return method !== 'POST' && isText && COMPRESSED.test(path);
}
