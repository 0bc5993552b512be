/** Why a process cannot do its work, in one line for a person, with what to do; `/readyz` shows it. */
export class Unready extends Error {
  override readonly name = 'Unready';
}
