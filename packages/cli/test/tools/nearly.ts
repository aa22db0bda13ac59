import { expect } from "vitest";

/**
 * Never more than happened, and almost all of it. Some hypervisors give their guests a kernel that keeps the hypervisor's own
 * tasks out of all tracing, that of ftrace as well: what interrupts one of them, and the switch away from it, nobody sees. The
 * kernels that the tests boot themselves see everything: there the same is asked for exactly (latency-rungs.vm.test.ts).
 */
export function expectNearly(seen: number, happened: number, share = 0.9): void {
  expect(seen).toBeLessThanOrEqual(happened);
  expect(seen).toBeGreaterThanOrEqual(Math.floor(happened * share));
}
