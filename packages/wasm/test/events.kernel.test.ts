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
