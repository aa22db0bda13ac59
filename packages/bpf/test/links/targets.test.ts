import { describe, expect, it } from "vitest";
import { InvalidArgumentError } from "../../src/errors.ts";
import { globMatcher } from "../../src/links/glob.ts";
import { parsePlace } from "../../src/links/kprobe.ts";
import { UndoList, undoneOnFailure } from "../../src/links/undo-list.ts";
import { parseUprobeTarget } from "../../src/links/uprobe-target.ts";

describe("places in the kernel", () => {
  it("are functions, with an offset or without, or addresses", () => {
    expect(parsePlace("tcp_v4_connect")).toEqual({ symbol: "tcp_v4_connect", offset: 0n });
    expect(parsePlace("tcp_v4_connect+0x10")).toEqual({ symbol: "tcp_v4_connect", offset: 16n });
    expect(parsePlace("finish_task_switch.isra.0+8")).toEqual({
      symbol: "finish_task_switch.isra.0",
      offset: 8n,
    });
    expect(parsePlace("nf_tables:nft_do_chain")).toEqual({ symbol: "nf_tables:nft_do_chain", offset: 0n });
    expect(parsePlace("0xffffffff81000000")).toEqual({ symbol: undefined, offset: 0xffffffff81000000n });
  });

  it.each(["", "a b", "f+", "f+g", "f+-1", "1f", "0xfffffffffffffffff", "f\0g"])("are not %j", (text) => {
    expect(() => parsePlace(text)).toThrow(InvalidArgumentError);
  });
});

describe("places in a binary", () => {
  it("are functions, with an offset or without, or file offsets", () => {
    expect(parseUprobeTarget("/bin/bash:readline")).toEqual({
      binary: "/bin/bash",
      symbol: "readline",
      offset: 0,
    });
    expect(parseUprobeTarget("libc:malloc+0x4")).toEqual({ binary: "libc", symbol: "malloc", offset: 4 });
    expect(parseUprobeTarget("a:0x1234")).toEqual({ binary: "a", symbol: undefined, offset: 0x1234 });
    expect(parseUprobeTarget("./go:net/http.(*conn).serve")).toMatchObject({
      symbol: "net/http.(*conn).serve",
    });
    expect(parseUprobeTarget("libc.so.6:memcpy@GLIBC_2.2.5")).toMatchObject({ symbol: "memcpy@GLIBC_2.2.5" });
    expect(parseUprobeTarget("/odd:path/x:f")).toMatchObject({ binary: "/odd:path/x", symbol: "f" });
  });

  it.each(["", "bash", ":f", "bash:"])("are not %j", (text) => {
    expect(() => parseUprobeTarget(text)).toThrow(InvalidArgumentError);
  });
});

describe("patterns", () => {
  it("match whole names, and nothing but * and ? is special", () => {
    expect(["tcp_v4", "atcp_v", "tcp_"].filter(globMatcher("tcp_*"))).toEqual(["tcp_v4", "tcp_"]);
    expect(["a1", "a12", "a"].filter(globMatcher("a?"))).toEqual(["a1"]);
    expect(["f.isra.0", "fXisraX0"].filter(globMatcher("f.isra.*"))).toEqual(["f.isra.0"]);
    expect(globMatcher("(*T).run")("(*T).run")).toBe(true);
  });

  it("answer at once, however many stars there are", () => {
    expect(globMatcher(`${"*a".repeat(12)}b`)("a".repeat(30))).toBe(false);
  });
});

describe("undoing", () => {
  it("runs every step, newest first, once, and reports the first failure", () => {
    const steps: number[] = [];
    const undo = new UndoList();
    undo.add(() => void steps.push(1));
    undo.add(() => {
      throw new Error("two");
    });
    undo.add(() => void steps.push(3));
    expect(undo.run).toThrow("two");
    expect(steps).toEqual([3, 1]);
    undo.run();
    expect(steps).toEqual([3, 1]);
  });

  it("does not hide why building failed", () => {
    const build = () =>
      undoneOnFailure((undo) => {
        undo.add(() => {
          throw new Error("undo");
        });
        throw new Error("build");
      });
    expect(build).toThrow("build");
  });
});
