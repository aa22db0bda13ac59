import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { InvalidArgumentError } from "../../src/errors.ts";
import { open } from "../../src/object.ts";
import { compileFixture } from "../compile-fixture.ts";
import { noLeaks } from "./no-leaks.ts";

noLeaks();

const available = () =>
  readFileSync("/proc/sys/net/ipv4/tcp_available_congestion_control", "utf8").trim().split(" ");

it("registers a congestion control with the kernel, with a link or without, until it is closed", () => {
  const object = open(compileFixture("congestion.bpf.c"), { name: "congestion" }).load();
  try {
    expect(() => object.program("ssthresh").attach()).toThrow(InvalidArgumentError);
    const links = object.attach();
    expect(links.map((link) => link.description).sort()).toEqual(["struct_ops linked", "struct_ops plain"]);
    expect(available()).toEqual(expect.arrayContaining(["skep_linked", "skep_plain"]));
    for (const link of links) link.close();
    expect(available()).not.toContain("skep_linked");
    expect(available()).not.toContain("skep_plain");
  } finally {
    object.close();
  }
});
