import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmdirSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { compileGuest, Guest, sendSignals } from "./guests.ts";

const cgroup = `${cgroupRoot()}/skep-wasm-${process.pid}`;
const networkInterface = `skepw${process.pid % 10_000}`;

afterAll(() => {
  if (existsSync(cgroup)) rmdirSync(cgroup);
  if (existsSync(`/sys/class/net/${networkInterface}`)) ip("link", "delete", networkInterface);
});

test("every function returns what eunomia's runtime returns, in odd cases too", async () => {
  mkdirSync(cgroup);
  ip("link", "add", networkInterface, "type", "veth", "peer", "name", `${networkInterface}p`);
  const guest = new Guest(compileGuest("checks.c"), [String(process.pid), cgroup, networkInterface]);
  await causeOnDemand(guest);
  expect(guest.stdout.replace(/^(?:cause .*|ready)\n/gm, "")).toMatch(/^passed: \d+ checks\n$/);
  expect(guest.stderr).toBe("");
  expect((await guest.result).exitCode).toBe(0);
});

/** The guest says `cause KIND COUNT` when it wants events; their numbers begin with 0 each time. */
async function causeOnDemand(guest: Guest): Promise<void> {
  let ended = false;
  void guest.result.finally(() => {
    ended = true;
  });
  for (let done = 0; !ended; ) {
    const wanted = [...guest.stdout.matchAll(/^cause (\d) (\d+)\n/gm)].slice(done);
    for (const [, kind, count] of wanted) sendSignals(Number(kind), 0, Number(count));
    done += wanted.length;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

function cgroupRoot(): string {
  const mount = readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .find((line) => line.split(" ")[2] === "cgroup2");
  if (mount === undefined) throw new Error("no cgroup v2 hierarchy is mounted");
  return mount.split(" ")[1]!;
}

function ip(...args: readonly string[]): void {
  execFileSync("ip", args);
}
