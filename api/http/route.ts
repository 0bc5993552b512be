/** The route of a request, for metrics. */
import type { Request } from 'express';

/** Not the path, to bound the number of series. @returns `none` when no route has the path */
export function routeOf(request: Request): string {
  const { path } = (request.route ?? { path: 'none' }) as { readonly path: string };
  return path;
}
