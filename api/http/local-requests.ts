/**
 * Without authentication, only programs of this machine may call. A page in a browser of this machine is none: its requests
 * come from elsewhere, even when a name server has pointed the page's own name at this machine (DNS rebinding).
 */
import type { RequestHandler } from 'express';
import { isLoopback } from '../../platform/http-url';
import { Problem } from './problems';

/** @param allowedOrigins pages of other servers that may call, such as the Temporal UI for its codec server */
export function localRequestsOnly(allowedOrigins: readonly string[]): RequestHandler {
  return (request, _response, next) => {
    const { host, origin } = request.headers;
    if (host !== undefined && !isLoopback(hostnameOf(host)))
      throw new Problem(
        'foreign-host',
        'Without authentication the API answers to localhost, 127.0.0.1 and [::1] only.',
      );
    if (origin !== undefined && origin !== `http://${String(host)}` && !allowedOrigins.includes(origin))
      throw new Problem(
        'foreign-origin',
        'Without authentication, pages of other servers may not call the API.',
      );
    next();
  };
}

/** Without port and brackets; empty when it is not a host. */
function hostnameOf(host: string): string {
  return URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname.replace(/^\[(.*)\]$/, '$1') : '';
}
