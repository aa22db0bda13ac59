import { describe, expect, it } from "vitest";
import { open } from "../../src/object.ts";
import { compileFixture } from "../compile-fixture.ts";

const bytes = compileFixture("load/optional-ops.bpf.c");

describe("a struct in ?.struct_ops", () => {
  it("is left out with its programs", () => {
    using object = open(bytes).load();
    expect([...object.programs.keys()]).toEqual(["always"]);
    expect([...object.maps.keys()]).toEqual([]);
  });

  it("is made when asked for, on kernels that take no question marks as well", () => {
    const spec = open(bytes);
    spec.map("plain").autocreate = true;
    using object = spec.load();
    expect([...object.programs.keys()]).toEqual(["ssthresh", "undo_cwnd", "cong_avoid", "always"]);
    expect([...object.maps.keys()]).toEqual(["plain"]);
  });

  it("has to name a program that shall be loaded", () => {
    const spec = open(bytes);
    spec.program("unused").autoload = true;
    expect(() => spec.load()).toThrow(
      expect.objectContaining({
        message:
          'program unused (SEC("?struct_ops/unused")) implements no member of any struct that is loaded',
        next: expect.stringContaining(".struct_ops"),
      }),
    );
  });
});
