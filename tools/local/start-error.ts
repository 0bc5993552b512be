/** An error at start that the user can fix; printed as one line, without a stack trace. */
export class StartError extends Error {
  override readonly name = 'StartError';
}
