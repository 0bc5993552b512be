/** The reason why a process cannot work, and the remedy, in one line. `/readyz` shows it to operators. */
export class Unready extends Error {
  override readonly name = 'Unready';
}
