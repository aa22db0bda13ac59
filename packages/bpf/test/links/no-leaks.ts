import { afterEach, beforeEach, expect } from "vitest";
import { stopFdTrace, traceFds } from "../../src/linux/fd-trace.ts";

/** Every test of the file fails when it leaves a descriptor open, with the stack of who opened it. */
export function noLeaks(): void {
  beforeEach(traceFds);
  afterEach(() => expect(stopFdTrace()).toEqual([]));
}
