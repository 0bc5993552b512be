/**
 * Who may do what: the scope of each operation, enforced before its route. What is not in the table of operations is refused as
 * if it did not exist, and a process whose routes are not all in the table does not start.
 */
import { type Request, type RequestHandler, type Response, Router } from 'express';
import { RESERVE_CREDIT_PATH } from '../customers/credit-step-routes';
import { authentication } from '../http/authentication';
import { principalOf } from '../http/principal';
import { Problem } from '../http/problems';
import type { RequestRates } from '../http/request-rate';
import { type AuthenticationSettings, SERVICE } from '../http/service-tokens';
import { OPERATIONS } from './http-operations';
import type { Operation } from './operation';

/** Routes that only other services call. */
const INTERNAL_PATHS: readonly string[] = [RESERVE_CREDIT_PATH];

/** Routes without a scope: descriptions that contain no data. */
const PUBLIC_PATHS: readonly string[] = ['/event-schemas/:type/:version'];

/**
 * Register it before the routes.
 *
 * @param limits of each client's requests, before and after its authentication
 */
export function authorization(settings: AuthenticationSettings, limits: RequestRates): Router {
  const router = Router();
  const authenticate = authentication(settings);
  for (const operation of OPERATIONS) {
    const applies: RequestHandler = (request, _response, next) => {
      next(methodOf(request) === operation.method ? undefined : 'route');
    };
    const requireScopes: RequestHandler = (request, response, next) => {
      checkScopes(operation, request, response);
      next();
    };
    // For all methods: express would answer OPTIONS by itself.
    router.all(expressPath(operation.path), applies, limits.refused, authenticate, limits.all, requireScopes);
  }
  // Without tokens, whoever reaches the port may call them: it is for other services.
  const hasTokens = settings.issuer !== undefined || settings.serviceTokens.length > 0;
  for (const path of INTERNAL_PATHS) if (hasTokens) router.all(path, authenticate, requireService);
  return router;
}

const requireService: RequestHandler = (_request, response, next) => {
  if (principalOf(response) !== SERVICE) throw new Problem('not-found', 'No resource has this path.');
  next();
};

function checkScopes({ scopes, forOneCustomer }: Operation, request: Request, response: Response): void {
  const principal = principalOf(response);
  const { customerId } = principal;
  if (!scopes.every((scope) => principal.scopes.has(scope)))
    throw insufficient(scopes, 'The access token does not allow this operation.');
  if (customerId === undefined) return;
  if (forOneCustomer === 'refused')
    throw insufficient(scopes, 'An access token of one customer does not allow this operation.');
  const { id } = request.params;
  if (forOneCustomer === 'path' && String(id).toLowerCase() !== customerId)
    throw new Problem('not-found', `There is no customer ${String(id)}.`);
}

function insufficient(scopes: readonly string[], detail: string): Problem {
  const challenge = `Bearer realm="order-saga", error="insufficient_scope", scope="${scopes.join(' ')}"`;
  return new Problem('insufficient-scope', detail, { headers: { 'WWW-Authenticate': challenge } });
}

/** A HEAD request is a GET without a body. */
const methodOf = ({ method }: Request): string => (method === 'HEAD' ? 'get' : method.toLowerCase());

function expressPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}

const LISTED = new Set([
  ...OPERATIONS.map(({ path }) => expressPath(path)),
  ...INTERNAL_PATHS,
  ...PUBLIC_PATHS,
]);

/** @throws Error when a route is not in the table of operations, and neither internal nor public */
export function requireListed(router: Router): Router {
  for (const { route } of router.stack) {
    const unlisted = [route?.path ?? []].flat().find((path) => !LISTED.has(path));
    if (unlisted !== undefined)
      throw new Error(`the route ${unlisted} is not in the table of operations: give it a scope`);
  }
  return router;
}
