// How fast is a hash map of 60,000 entries (u32 -> u64) read, next to libbpf in C?
//
//   node bench/map-iteration.mjs [rounds]      after: npx tsc -b packages/bpf
//
// Needs root, clang and libbpf-dev. Compare the ratios, not the times.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  BPF_MAP_TYPE_HASH,
  BtfBuilder,
  BtfKind,
  createStandaloneMap,
  hostKernel,
} from "../packages/bpf/dist/index.js";

const ENTRIES = 60_000;
const rounds = Number(process.argv[2] ?? 31);
const here = fileURLToPath(new URL(".", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "skep-bench-"));
const pin = `/sys/fs/bpf/skep-bench-map-${process.pid}`;

/** unsigned int and unsigned long long, as BTF. */
function integerTypes() {
  const builder = new BtfBuilder();
  const integer = (name, size) =>
    builder.add({
      kind: BtfKind.Int,
      name,
      size,
      bits: size * 8,
      bitOffset: 0,
      signed: false,
      char: false,
      bool: false,
    });
  const [keyTypeId, valueTypeId] = [integer("unsigned int", 4), integer("unsigned long long", 8)];
  return { btf: builder.build(), keyTypeId, valueTypeId };
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

/** Nanoseconds for each entry. */
function measure(read) {
  const times = [];
  for (let round = 0; round < rounds; round++) {
    const start = process.hrtime.bigint();
    read();
    times.push(Number(process.hrtime.bigint() - start) / ENTRIES);
  }
  return median(times);
}

const map = createStandaloneMap(hostKernel(), {
  type: BPF_MAP_TYPE_HASH,
  keySize: 4,
  valueSize: 8,
  maxEntries: ENTRIES,
  name: "bench",
  ...integerTypes(),
});
try {
  const reader = join(folder, "map-iteration");
  execFileSync("clang", ["-O2", join(here, "c/map-iteration.c"), "-o", reader, "-lbpf"]);
  map.updateAll(Array.from({ length: ENTRIES }, (_, key) => [key, BigInt(key) * 1000n]));
  map.pin(pin);
  const c = median(
    execFileSync(reader, [pin, String(rounds)], { encoding: "utf8" })
      .trim()
      .split("\n")
      .map(Number),
  );
  let sum = 0;
  const ours = {
    "batches(), the entries' bytes": () => {
      for (const { keys, values, count } of map.batches())
        for (let index = 0; index < count; index++)
          sum = (sum + keys.getUint32(index * 4, true) + values.getUint32(index * 8, true)) | 0;
    },
    "forEach(), typed": () =>
      map.forEach((value, key) => {
        sum = (sum + key + Number(value)) | 0;
      }),
    "for of entries()": () => {
      for (const [key, value] of map) sum = (sum + key + Number(value)) | 0;
    },
    "new Map(map)": () => {
      sum = (sum + new Map(map).size) | 0;
    },
  };
  console.log("60,000 entries                   ns/entry   vs C");
  console.log("C, bpf_map_lookup_batch".padEnd(30), c.toFixed(0).padStart(10), "1.0x".padStart(6));
  for (const [name, read] of Object.entries(ours)) {
    const ns = measure(read);
    console.log(name.padEnd(30), ns.toFixed(0).padStart(10), `${(ns / c).toFixed(1)}x`.padStart(6));
  }
} finally {
  map.close();
  rmSync(pin, { force: true });
  rmSync(folder, { recursive: true });
}
