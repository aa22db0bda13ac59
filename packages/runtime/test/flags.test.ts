import { fileURLToPath } from "node:url";
import { NotImplementedError, readSpec } from "@skep/bpf";
import type { PackageMeta } from "@skep/package";
import { describe, expect, it } from "vitest";
import { compileFixture } from "../../bpf/test/compile-fixture.ts";
import { flagsOf, unsettableGlobals } from "../src/arguments/flags.ts";
import { eventSources } from "../src/events/event-types.ts";
import { usesPrintk } from "../src/events/printk-use.ts";

const spec = readSpec(compileFixture(fileURLToPath(new URL("fixtures/globals.bpf.c", import.meta.url))));

function meta(more: Partial<PackageMeta>, maps: PackageMeta["bpf_skel"]["maps"] = []): PackageMeta {
  return { bpf_skel: { data_sections: [], maps, obj_name: "globals_bpf", progs: [] }, ...more };
}

describe("flagsOf", () => {
  const flags = flagsOf(spec, new Map());

  it("makes a flag of every scalar, with the value of the C source", () => {
    expect(Object.fromEntries(flags.map(({ name, initial }) => [name, initial]))).toEqual({
      pid_target: undefined,
      threshold: "18446744073709551615",
      tiny: "-5",
      on: "true",
      off: undefined,
      ratio: "1.5",
      exact: "0.25",
      comm: "bash",
      level: "HIGH",
      constant: "3",
      counter: undefined,
    });
  });

  it("knows the constants that the compiler has put into the code, where nobody reads them", () => {
    expect(flags.filter(({ live }) => !live).map(({ name }) => name)).toEqual(["constant"]);
  });

  it("has none for what is no scalar", () => {
    expect(Object.fromEntries(unsettableGlobals(spec, new Map()))).toMatchObject({
      pair: "a struct",
      list: "an array",
      unused_event: "a pointer",
    });
  });

  it("says the C type where nobody described a variable", () => {
    const help = Object.fromEntries(flags.map(({ name, help }) => [name, help]));
    expect(help.pid_target).toBe("Set value of `pid_t` variable pid_target");
    expect(help.comm).toBe("Set value of `char[8]` variable comm");
    expect(help.level).toBe("Set value of `enum level` variable level");
  });

  it("follows annotations", () => {
    const notes = new Map([
      ["tiny", { description: "A number", cmdarg: { long: "small", short: "s", default: 3 } }],
      ["off", { cmdarg: { default: false, help: "Off" } }],
    ]);
    const [tiny, off] = ["tiny", "off"].map((name) =>
      flagsOf(spec, notes).find(({ variable }) => variable === name),
    );
    expect(tiny).toMatchObject({ name: "small", short: "s", help: "A number", override: "3" });
    expect(off).toMatchObject({ help: "Off", spelling: "enable" });
  });
});

describe("eventSources", () => {
  const btf = spec.btf!;
  const exported = (name: string) => ({ members: [], name, size: 0, type_id: btf.find(name, 4)! });

  it("gives each buffer the struct that its own entry names", () => {
    const id = btf.find("other", 4)!;
    const maps = [{ ident: "others", name: "others", export_config: { btf_type_id: id } }];
    expect(eventSources(spec, meta({ export_types: [exported("event")] }, maps))).toEqual([
      { map: "events", kind: "ring", typeIds: [btf.find("event", 4)] },
      { map: "others", kind: "perf", typeIds: [id] },
    ]);
  });

  it("finds a struct by name when the id belongs to another build", () => {
    const stale = { ...exported("event"), type_id: 1 };
    expect(eventSources(spec, meta({ export_types: [stale] }))[0]?.typeIds).toEqual([btf.find("event", 4)]);
  });

  it("refuses records that are put together from members, which only a hand could have written", () => {
    const config = { custom_members: [{ name: "pid", offset: 0, btf_type_id: 1 }] };
    const maps = [{ ident: "events", name: "events", export_config: config }];
    expect(() => eventSources(spec, meta({}, maps))).toThrow(NotImplementedError);
  });

  it("leaves out what is not exported, and knows no type where nobody gave one", () => {
    const maps = [{ ident: "events", name: "events", export_config: "no_export" }];
    expect(eventSources(spec, meta({}, maps))).toEqual([{ map: "others", kind: "perf", typeIds: [] }]);
  });
});

describe("usesPrintk", () => {
  it("sees a call in any program", () => {
    expect(usesPrintk(spec)).toBe(true);
    const [quiet] = spec.programs.filter(({ name }) => name === "quiet");
    expect(usesPrintk({ ...spec, programs: [quiet!] })).toBe(false);
  });
});
