import type { MapSpec, ObjectSpec } from "@skep/bpf";
import { describe, expect, it } from "vitest";
import { absentNotes, filterSettings, filtersOf } from "../src/arguments/filters.ts";
import type { Flag, VariableNotes } from "../src/arguments/flags.ts";
import { cgroupRoot } from "../src/attach/cgroup-root.ts";

function global(name: string, kind: "integer" | "bool" | "string" = "integer"): Flag {
  const shape =
    kind === "integer"
      ? ({ kind, bits: 32, signed: false } as const)
      : kind === "bool"
        ? ({ kind } as const)
        : ({ kind, size: 16 } as const);
  const rest = {
    short: undefined,
    format: undefined,
    constant: true,
    live: true,
    help: "",
    initial: undefined,
  };
  return { ...rest, name, variable: name, shape, override: undefined, spelling: "plain" };
}

function filters(
  globals: readonly Flag[],
  notes: Record<string, VariableNotes> = {},
  maps: Partial<MapSpec>[] = [],
) {
  const spec = { maps } as Partial<ObjectSpec> as ObjectSpec;
  return filtersOf(spec, globals, new Map(Object.entries(notes)));
}

const chosen = (...names: string[]) =>
  Object.fromEntries(
    [...filters(names.map((name) => global(name)))].map(([name, { flag }]) => [name, flag?.variable]),
  );

describe("filters", () => {
  it("are found by the usual names of variables", () => {
    expect(chosen("pid_target", "uid_target", "x")).toEqual({ pid: "pid_target", uid: "uid_target" });
    expect(chosen("target_pid", "filter_tid")).toEqual({ pid: "target_pid", tid: "filter_tid" });
    expect(chosen("pid_filter", "cgroup_id_target")).toEqual({
      pid: "pid_filter",
      cgroup: "cgroup_id_target",
    });
    expect(chosen("pid", "my_pid", "pid_targets")).toEqual({});
  });

  it("know that a tgid is a process where both are there, and a pid then a thread", () => {
    expect(chosen("targ_pid", "targ_tgid")).toEqual({ pid: "targ_tgid", tid: "targ_pid" });
    expect(chosen("targ_tgid")).toEqual({ pid: "targ_tgid" });
  });

  it("are what the source says before what a name suggests", () => {
    const found = filters([global("pid_target"), global("who")], { who: { filter: "pid" } });
    expect(found.get("pid")?.flag?.variable).toBe("who");
  });

  it("of cgroups may be a map, and a bool that turns them on", () => {
    const found = filters([global("filter_cg", "bool")], {}, [{ name: "cgroup_map", type: 8 }]);
    expect(found.get("cgroup")).toEqual({ cgroupArray: "cgroup_map", enabledBy: "filter_cg" });
    const settings = filterSettings(found, new Map([["cgroup", cgroupRoot()]]));
    expect(settings.variables).toEqual(new Map([["filter_cg", true]]));
    expect(settings.cgroups).toEqual(new Map([["cgroup_map", cgroupRoot()]]));
  });

  it("take users by name, and text as it is", () => {
    const found = filters([global("targ_uid"), global("comm_target", "string")]);
    const own = new Map([
      ["uid", "root"],
      ["comm", "bash"],
    ] as const);
    expect(filterSettings(found, own).variables).toEqual(
      new Map<string, unknown>([
        ["comm_target", "bash"],
        ["targ_uid", 0n],
      ]),
    );
    expect(() => filterSettings(found, new Map([["uid", "no-such-user"]]))).toThrow(
      "--uid: there is no user no-such-user",
    );
    expect(() => filterSettings(found, new Map([["comm", "longer than a comm"]]))).toThrow("--comm");
  });
});

describe("cgroupRoot", () => {
  it("is where the second version is mounted", () => {
    expect(
      cgroupRoot("cgroup /sys/fs/cgroup/cpu cgroup rw 0 0\ncgroup2 /my\\040place cgroup2 rw 0 0\n"),
    ).toBe("/my place");
    expect(cgroupRoot("")).toBe("/sys/fs/cgroup");
  });
});

describe("a process that is asked for", () => {
  it("is told to be absent, unless it is there", () => {
    expect(absentNotes(new Map([["pid", "4194305"]]))).toEqual([
      "there is no process 4194305 now; --pid waits for one",
    ]);
    expect(absentNotes(new Map([["tid", String(process.pid)]]))).toEqual([]);
  });
});
