/** A client of the API. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

export async function call(
  url: string,
  method: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: { ...(body !== undefined && { 'Content-Type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
  };
}

const usd = (amount: string) => ({ amount, currency: 'USD' });

/** @returns the new customer's id */
export async function newCustomer(url: string, limit: string, currency = 'USD'): Promise<string> {
  const { status, body } = await call(`${url}/customers`, 'POST', {
    name: 'Ada',
    creditLimit: { amount: limit, currency },
  });
  if (status !== 201) throw new Error(`POST /customers answered ${String(status)}`);
  return String(body['customerId']);
}

export function placeOrder(
  url: string,
  customerId: string,
  amount: string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return call(`${url}/orders`, 'POST', { customerId, orderTotal: usd(amount) }, headers);
}

export const WAIT = { Prefer: 'wait=20' };

/** 45 s, for a busy machine; otherwise conditions hold after milliseconds. */
const EVENTUALLY_TIMEOUT_MS = 45_000;

/** 25 ms: most conditions hold within a few milliseconds. Grows to 200 ms: a poll costs what a request costs. */
const POLL_MS = { first: 25, longest: 200, growth: 1.15 };

/** Waits on a condition, never on a time. */
export async function eventually<T>(
  look: () => Promise<T | undefined>,
  withinMs = EVENTUALLY_TIMEOUT_MS,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (let pauseMs = POLL_MS.first; ; pauseMs = Math.min(pauseMs * POLL_MS.growth, POLL_MS.longest)) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`not in ${String(withinMs)} ms`);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
