import { readdirSync, readFileSync } from "node:fs";
import { open } from "@skep/bpf";
import { readPackage } from "@skep/package";
import { expect, it } from "vitest";

const ROUNDS = 200;

function descriptors(): string[] {
  return readdirSync("/proc/self/fd");
}

/** Pages of maps; V8's own come and go as it likes. */
function mappings(): number {
  return readFileSync("/proc/self/maps", "utf8").split("anon_inode:bpf-map").length - 1;
}

it(`${ROUNDS} objects opened, loaded, attached, read and closed leave no descriptor and no mapping`, () => {
  const bytes = readFileSync(new URL("../tools/exitsnoop/package.json", import.meta.url));
  const { object: elf } = readPackage(bytes);
  const round = () => {
    using object = open(elf, { name: "exitsnoop" }).load();
    object.attach();
    object.buffer("events").drain(() => {}, { type: object.eventType("event") });
  };
  // What the process keeps for good (epoll, libraries, compiled code) is there after a few rounds.
  for (let index = 0; index < 5; index++) round();
  const before = { descriptors: descriptors().length, mappings: mappings() };
  for (let index = 0; index < ROUNDS; index++) round();
  expect(descriptors().length).toBe(before.descriptors);
  expect(mappings()).toBe(before.mappings);
});
