/** Requests without authentication, for an application that has only a part of the API. */
import type { RequestHandler } from 'express';
import { ANYBODY, setPrincipal } from '../../api/http/principal';

export const asAnybody: RequestHandler = (_request, response, next) => {
  setPrincipal(response, ANYBODY);
  next();
};
