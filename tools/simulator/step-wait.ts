/** The orders of a saga that wait for one step, and whether the step is parked. */
export class StepWait {
  readonly asked = new Set<string>();
  readonly failing = new Set<string>();
  /** By order, the last command issued before its answer; results of earlier commands are ignored. */
  readonly settled = new Map<string, number>();
  /** Orders whose answer may have come too late for the run that continued as new. */
  readonly perhaps = new Set<string>();
  parked = false;
  /** Whether only the next run may show it as parked. */
  unsure = false;
  /** How often all failing orders had an answer. */
  number = 0;

  isMeant(orderId: string, seq: number): boolean {
    return seq > (this.settled.get(orderId) ?? 0);
  }

  fail(orderId: string): void {
    this.asked.add(orderId);
    this.perhaps.delete(orderId);
    this.failing.add(orderId);
  }

  settle(orderId: string, issuedBefore: number): void {
    this.asked.delete(orderId);
    this.perhaps.delete(orderId);
    this.settled.set(orderId, issuedBefore);
    if (!this.failing.delete(orderId) || this.failing.size > 0) return;
    this.parked = false;
    this.unsure = false;
    this.number += 1;
  }
}
