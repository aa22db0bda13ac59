import { readdirSync, readlinkSync } from "node:fs";
import { expect, test } from "vitest";
import { compileGuest, Guest, sendSignals } from "./guests.ts";

test("a C guest gets every event of every buffer in order", async () => {
  const guest = new Guest(compileGuest("events.c"), [String(process.pid), "20000", "1000", "300"]);
  await guest.says("attached");
  for (let from = 0; from < 20_000; from += 2000) {
    sendSignals(0, from, 2000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  sendSignals(1, 0, 1000);
  sendSignals(2, 0, 300);
  const { exitCode, lost } = await guest.result;
  expect(guest.problems).toEqual([]);
  expect(guest.stdout).toBe("attached as 1, 5 arguments, I am guest\nreceived 20000 1000 300\n");
  expect(guest.stderr).toMatch(/closed: 0, again: -1|closed: -1, again: 0/);
  expect({ exitCode, lost }).toEqual({ exitCode: 7, lost: 0n });
});

test("an interrupted program first gets the events that are there, and then EINTR", async () => {
  const guest = new Guest(compileGuest("events.c"), [String(process.pid), "100000"]);
  await guest.says("attached");
  sendSignals(0, 0, 2000);
  guest.interrupt();
  expect((await guest.result).exitCode).toBe(0);
  expect(guest.stdout).toContain("poll: -4, received 2000 0 0\n");
});

test("closing a program that was ended leaves nothing in the kernel", async () => {
  const before = openBpfFiles();
  const guest = new Guest(compileGuest("events.c"), ["1", "1", "0", "0"]);
  await guest.says("attached");
  expect(openBpfFiles()).toBeGreaterThan(before);
  guest.interrupt();
  await guest.result;
  expect(openBpfFiles()).toBe(before);
});

/** Descriptors of this process that are eBPF's: programs, maps, links, perf events. */
function openBpfFiles(): number {
  const targets = readdirSync("/proc/self/fd").map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return ""; // the descriptor that lists them
    }
  });
  return targets.filter((target) => /bpf|perf_event/.test(target)).length;
}
