import type { MapSpec, ObjectSpec } from "@skep/bpf";
import type { Json, PackageMeta } from "@skep/package";
import { describe, expect, it } from "vitest";
import { sampledMaps } from "../../src/samples/sampled-maps.ts";

const map = (name: string, type: number): MapSpec => ({
  name,
  type,
  keySize: 4,
  valueSize: 8,
  maxEntries: 16,
  flags: 0,
  numaNode: undefined,
  mapExtra: 0n,
  keyTypeId: 0,
  valueTypeId: 0,
  pinByName: false,
  inner: undefined,
  slots: [],
  data: undefined,
  structOps: undefined,
});

const HASH = 1;
const STACK_TRACE = 7;
const RINGBUF = 27;

function sampled(
  sample: Json,
  { maps = [map("counts", HASH)], format = undefined as string | undefined } = {},
) {
  const spec = { maps } as unknown as ObjectSpec;
  const note = { ident: "counts", name: "counts", sample, ...(format === undefined ? {} : { format }) };
  return sampledMaps(spec, { bpf_skel: { maps: [note] } } as unknown as PackageMeta);
}

describe("sampledMaps", () => {
  it("fills in what the annotation leaves out", () => {
    expect(sampled({})[0]).toMatchObject({
      show: "default_kv",
      interval: 1000,
      unit: "(unit)",
      clear: false,
      min: 0n,
      step: 1n,
      rows: undefined,
      perCpu: false,
    });
  });

  it("reads what packages of eunomia say", () => {
    const [runqlat] = sampled({ interval: 500, type: "log2_hist", unit: "usecs", clear_map: true });
    expect(runqlat).toMatchObject({ show: "log2_hist", interval: 500, unit: "usecs", clear: true });
  });

  it("lets show decide beside a type that older readers know", () => {
    expect(sampled({ interval: 1000, type: "default_kv", show: "top" })[0]).toMatchObject({
      show: "top",
      rows: 20,
    });
    expect(sampled({ type: "top", rows: 5 })[0]?.rows).toBe(5);
  });

  it("tells the format of keys from that of values", () => {
    const formats = (format: string) => {
      const [{ keyFormat, valueFormat } = {}] = sampled({}, { format }) as {
        keyFormat?: string;
        valueFormat?: string;
      }[];
      return [keyFormat, valueFormat];
    };
    expect(formats("bytes")).toEqual([undefined, "bytes"]);
    expect(formats("key port host")).toEqual(["port host", undefined]);
    expect(formats("duration ns key ip")).toEqual(["ip", "duration ns"]);
  });

  it("finds the map of the stacks", () => {
    const stacks = map("stack_traces", STACK_TRACE);
    expect(sampled({ type: "stacks" }, { maps: [map("counts", HASH), stacks] })[0]?.stackMap).toBe(
      "stack_traces",
    );
    expect(sampled({ type: "stacks" })[0]?.stackMap).toBeUndefined();
    expect(() =>
      sampled({ type: "stacks", stack_map: "other" }, { maps: [map("counts", HASH), stacks] }),
    ).toThrow('there is no stack map "other"');
    expect(() =>
      sampled({ type: "stacks" }, { maps: [map("counts", HASH), stacks, map("more", STACK_TRACE)] }),
    ).toThrow("does not say which of stack_traces, more holds its stacks");
  });

  it.each<[Json, string]>([
    [7, "@sample of map counts is 7"],
    [{ type: "log3_hist" }, 'has the type "log3_hist"'],
    [{ interval: 0 }, "has the interval 0"],
    [{ interval: 1e12 }, "has the interval 1000000000000"],
    [{ interval: "1s" }, 'has the interval "1s"'],
    [{ interval: 2n ** 70n }, "has the interval 1.18"],
    [{ step: 0 }, "has the step 0"],
    [{ rows: -1 }, "has the rows -1"],
  ])("says what is wrong, %#", (sample, problem) => {
    expect(() => sampled(sample)).toThrow(problem);
  });

  it("says which maps it can sample, and misses maps that are not there", () => {
    expect(() => sampled({}, { maps: [map("counts", RINGBUF)] })).toThrow(
      "cannot work for a BPF_MAP_TYPE_RINGBUF",
    );
    expect(() => sampled({}, { maps: [] })).toThrow("samples map counts, which its object does not have");
  });
});
