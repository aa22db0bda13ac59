/**
 * What the kernel's BTF costs: indexing, the first look-up by name (which builds the name index), later look-ups.
 * Run after `npx tsc -b packages/bpf`: node --expose-gc bench/btf-index.mjs [file]
 */
import { readFileSync } from "node:fs";
import { Btf } from "../packages/bpf/dist/btf/btf.js";

const file = process.argv[2] ?? "/sys/kernel/btf/vmlinux";
const bytes = readFileSync(file);

function memory() {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return (heapUsed + arrayBuffers) / 2 ** 20;
}

function timed(label, action) {
  const before = memory();
  const start = performance.now();
  const result = action();
  const ms = performance.now() - start;
  console.log(
    `${label.padEnd(28)} ${ms.toFixed(2).padStart(8)} ms ${(memory() - before).toFixed(2).padStart(7)} MB`,
  );
  return result;
}

console.log(`${file}: ${(bytes.length / 2 ** 20).toFixed(1)} MB`);
const btf = timed("index", () => Btf.parse(bytes));
console.log(`${btf.endId - 1} types`);
const [id] = timed("first look-up", () => btf.idsOf("task_struct"));
timed("decode task_struct", () => btf.type(id));
timed("1000 more look-ups", () => {
  for (let i = 0; i < 1000; i++) btf.idsOfEssentialName(btf.nameOf(1 + ((i * 100) % (btf.endId - 1))));
});
timed("decode every type", () => {
  for (let type = 1; type < btf.endId; type++) btf.type(type);
});
for (let round = 0; round < 3; round++) {
  timed("index and one look-up, again", () => Btf.parse(bytes).idsOf("task_struct"));
}
