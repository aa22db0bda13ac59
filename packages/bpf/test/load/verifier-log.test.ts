import { describe, expect, it } from "vitest";
import { readVerifierLog } from "../../src/load/verifier-log.ts";

describe("reading a verifier log", () => {
  it("finds the complaint above the statistics", () => {
    const log = [
      "0: R1=ctx() R10=fp0",
      "; return *p; @ x.bpf.c:12",
      "7: (79) r1 = *(u64 *)(r0 +0)",
      "R0 invalid mem access 'scalar'",
      "verification time 77 usec",
      "processed 8 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0",
      "",
    ].join("\n");
    const reading = readVerifierLog(log)!;
    expect(reading.complaint).toBe("R0 invalid mem access 'scalar'");
    expect(reading.insn).toBe(7);
    expect(reading.telling).toContain("; return *p; @ x.bpf.c:12");
  });

  it("brings the source line along when the complaint is long", () => {
    const rest = Array.from({ length: 9 }, (_, index) => `more ${index}`);
    const reading = readVerifierLog(["; x = y;", "3: (bf) r1 = r2", ...rest].join("\n"))!;
    expect(reading.telling[0]).toBe("; x = y;");
    expect(reading.telling.at(-1)).toBe("more 8");
    expect(reading.insn).toBe(3);
  });

  it("does not take the states behind a complaint for it", () => {
    const log = "3: (05) goto pc-3\ninfinite loop detected at insn 3\ncur state: R1=1\nold state: R1=1\n";
    expect(readVerifierLog(log)).toMatchObject({ complaint: "infinite loop detected at insn 3", insn: 3 });
  });

  it("has nothing to say about an empty log", () => {
    expect(readVerifierLog("")).toBeUndefined();
    expect(readVerifierLog("processed 0 insns (limit 1000000)\n")).toBeUndefined();
  });
});
