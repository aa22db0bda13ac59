import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  InvalidArgumentError,
  NotFoundError,
  RelocationError,
  UnsupportedError,
  VerifierError,
} from "../../src/errors.ts";
import { hostKernel } from "../../src/linux/kernel.ts";
import { HashMap } from "../../src/maps/hash.ts";
import { MapOfMaps } from "../../src/maps/map-in-map.ts";
import { RingBuffer } from "../../src/maps/ring-buffer.ts";
import { openPinnedMap } from "../../src/maps/standalone.ts";
import { open } from "../../src/object.ts";
import { compileFixture } from "../compile-fixture.ts";

const bytes = compileFixture("load/refused.bpf.c");

function worksOnly() {
  const spec = open(bytes, { name: "wishes" });
  for (const program of spec.programs.values()) program.autoload = program.name === "works";
  return spec;
}

/** Some of the programs that count what this process does. */
function counting(...names: readonly string[]) {
  const spec = open(compileFixture("attach-kinds.bpf.c"), { name: "counting" });
  for (const program of spec.programs.values()) program.autoload = names.includes(program.name);
  spec.variables.set("target_pid", process.pid);
  return spec;
}

/** Signals that are ignored, each of which passes the tracepoint signal_generate once. */
function signalMyself(times: number): void {
  for (let round = 0; round < times; round++) process.kill(process.pid, "SIGURG");
}

describe("what a caller may change before the load", () => {
  it("the size of a map", () => {
    const spec = worksOnly();
    spec.map("counts").maxEntries = 99;
    using object = spec.load();
    expect(object.map("counts").info()).toMatchObject({ maxEntries: 99, keySize: 4, valueSize: 8 });
  });

  it("a map given by the caller, who keeps his own descriptor", () => {
    using first = worksOnly().load();
    first.map("counts", HashMap).update(7, 70n);
    const spec = worksOnly();
    spec.map("counts").reuse = first.map("counts").fd;
    const second = spec.load();
    expect(second.map("counts").id).toBe(first.map("counts").id);
    expect(second.map("counts", HashMap).lookup(7)).toBe(70n);
    second.close();
    expect(first.map("counts", HashMap).lookup(7)).toBe(70n);
  });

  it("and what a map is taken for, which has to be what it is", () => {
    using object = worksOnly().load();
    const counts = object.map("counts", HashMap<number, bigint>);
    counts.update(1, 2n);
    expect(counts.lookup(1)).toBe(2n);
    expect(counts.delete(1)).toBe(true);
    expect(() => object.map("counts", RingBuffer)).toThrow(
      expect.objectContaining({
        code: "ERR_BPF_INVALID_ARGUMENT",
        message: "map counts (BPF_MAP_TYPE_HASH) is a HashMap, no RingBuffer",
        next: 'ask for map("counts", HashMap)',
      }),
    );
    expect(() => object.buffer("counts")).toThrow("is a HashMap, no EventMap");
  });

  it("a map left out, which programs that use it are told", () => {
    const spec = open(bytes);
    for (const program of spec.programs.values()) program.autoload = program.name === "forgets_null_check";
    spec.map("counts").autocreate = false;
    expect(() => spec.load()).toThrow(RelocationError);
    expect(() => spec.load()).toThrow(/map counts, which was not created/);
  });

  it("the target of a program", () => {
    const spec = open(bytes);
    for (const program of spec.programs.values()) program.autoload = program.name === "says_no_target";
    spec.program("says_no_target").target = "sched_switch";
    using object = spec.load();
    using link = object.program("says_no_target").attach();
    expect(link.kind).toBe("tracing");
  });

  it("which programs are loaded: what the others need does not have to exist", () => {
    const spec = open(bytes);
    expect(() => spec.load()).toThrow();
    for (const program of spec.programs.values()) program.autoload = program.name === "works";
    using object = spec.load();
    expect([...object.programs.keys()]).toEqual(["works"]);
    expect(object.attach()).toHaveLength(1);
  });

  it("which programs are attached with the object", () => {
    const spec = counting("on_tp_btf", "on_raw_tracepoint");
    spec.program("on_tp_btf").target = "signal_generate";
    spec.program("on_raw_tracepoint").target = "signal_generate";
    spec.program("on_tp_btf").autoattach = false;
    using object = spec.load();
    expect(object.attach().map((link) => link.description)).toEqual(["raw tracepoint signal_generate"]);
    signalMyself(4);
    expect(object.variables.get("hits")).toBe(4n);
    // By itself it can be attached all the same.
    object.program("on_tp_btf").attach();
    signalMyself(3);
    expect(object.variables.get("hits")).toBe(4n + 2n * 3n);
  });

  it.each(["on_tp_btf", "on_raw_tracepoint", "on_tracepoint"])(
    "where %s sees its events, until it is closed",
    (name) => {
      const spec = counting(name);
      spec.program(name).target = name === "on_tracepoint" ? "signal/signal_generate" : "signal_generate";
      using object = spec.load();
      const [link] = object.attach();
      signalMyself(5);
      expect(object.variables.get("hits")).toBe(5n);
      link?.close();
      signalMyself(5);
      expect(object.variables.get("hits")).toBe(5n);
    },
  );

  it("and where one sees nothing, because it does not exist, the others are detached again", () => {
    const spec = counting("on_tp_btf", "on_tracepoint");
    spec.program("on_tp_btf").target = "signal_generate";
    using object = spec.load();
    const options = (program: { name: string }) =>
      program.name === "on_tracepoint" ? { target: "signal/signal_generated" } : {};
    expect(() => object.attach(options)).toThrow(NotFoundError);
    expect(object.links).toEqual([]);
    signalMyself(3);
    expect(object.variables.get("hits")).toBe(0n);
  });

  it("nothing that the file does not have", () => {
    expect(() => open(bytes).map("nope")).toThrow(NotFoundError);
    expect(() => open(bytes).program("nope")).toThrow(
      expect.objectContaining({ next: expect.stringContaining("works") }),
    );
    expect(() => open("/no/such/file.o")).toThrow(NotFoundError);
  });

  it("the same description again and again", () => {
    const spec = worksOnly();
    for (let round = 0; round < 3; round++) spec.load().close();
  });

  it("types of the kernel from elsewhere", () => {
    const spec = open(bytes);
    for (const program of spec.programs.values()) program.autoload = program.name === "reads_missing_member";
    const other = open(compileFixture("core/target.bpf.c")).btf!;
    expect(() => spec.load({ btf: other.bytes })).toThrow(RelocationError);
  });

  it("but not the byte order of the machine", () => {
    const big = compileFixture("codec.bpf.c", { target: "bpfeb" });
    expect(() => open(big).load()).toThrow(UnsupportedError);
  });
});

describe("maps that are pinned", () => {
  const folder = mkdtempSync(join(tmpdir(), "skep-bpffs-"));
  let mounted = false;
  beforeAll(() => {
    execFileSync("mount", ["-t", "bpf", "bpf", folder]);
    mounted = true;
  });
  afterAll(() => {
    if (mounted) execFileSync("umount", [folder]);
    rmSync(folder, { recursive: true });
  });

  it("are found again by the next load", () => {
    const pinPath = join(folder, "counts");
    const load = () => {
      const spec = worksOnly();
      spec.map("counts").pinPath = pinPath;
      return spec.load();
    };
    using first = load();
    expect(existsSync(pinPath)).toBe(true);
    first.map("counts", HashMap).update(1, 11n);
    using second = load();
    expect(second.map("counts", HashMap).lookup(1)).toBe(11n);
    const other = worksOnly();
    other.map("counts").pinPath = pinPath;
    other.map("counts").maxEntries = 3;
    expect(() => other.load()).toThrow(InvalidArgumentError);
    expect(() => other.load()).toThrow(/its entries is 16, not 3/);
    rmSync(pinPath);
  });

  it("keep the maps that are in them", () => {
    const pinPath = join(folder, "outer");
    const load = () => {
      const spec = open(compileFixture("load/parts.bpf.c"));
      for (const program of spec.programs.values()) program.autoload = false;
      for (const name of ["ring", "jumps"]) spec.map(name).autocreate = false;
      spec.map("outer").pinPath = pinPath;
      return spec.load();
    };
    using first = load();
    const { id } = first.map("second");
    expect(first.map("outer", MapOfMaps).lookupId(3)).toBe(id);
    using second = load();
    expect(second.map("second").id).not.toBe(id);
    expect(first.map("outer", MapOfMaps).lookupId(3)).toBe(id);
    rmSync(pinPath);
  });

  it("are told from programs that are pinned", () => {
    using object = worksOnly().load();
    const program = object.program("works");
    const path = join(folder, "works");
    program.pin(path);
    expect(() => program.pin(path)).toThrow(`${path} exists already`);
    expect(() => openPinnedMap(hostKernel(), path)).toThrow("is no map");
    const spec = worksOnly();
    spec.map("counts").pinPath = path;
    expect(() => spec.load()).toThrow("is no map");
    program.unpin(path);
    expect(() => program.unpin(path)).toThrow(NotFoundError);
    expect(() => program.pin(join(tmpdir(), "skep-not-a-bpffs"))).toThrow(
      /^cannot pin program works at .*EPERM/,
    );
  });

  it("say so when the folder is in no bpf file system", () => {
    const spec = worksOnly();
    spec.map("counts").pinPath = join(tmpdir(), "skep-not-a-bpffs");
    expect(() => spec.load()).toThrow(
      expect.objectContaining({ next: expect.stringContaining("mount -t bpf") }),
    );
  });

  it("are taken back when the load fails", () => {
    const pinPath = join(folder, "failed");
    const spec = open(bytes);
    for (const program of spec.programs.values()) program.autoload = program.name === "forgets_null_check";
    spec.map("counts").pinPath = pinPath;
    expect(() => spec.load()).toThrow(VerifierError);
    expect(existsSync(pinPath)).toBe(false);
  });

  it("outlive the object that made them", () => {
    const pinPath = join(folder, "kept");
    const spec = worksOnly();
    spec.map("counts").pinPath = pinPath;
    const object = spec.load();
    const { id } = object.map("counts");
    object.close();
    using fd = hostKernel().bpf.objGet(pinPath);
    const info = new Uint8Array(8);
    hostKernel().bpf.info(fd, info);
    expect(new DataView(info.buffer).getUint32(4, true)).toBe(id);
  });
});
