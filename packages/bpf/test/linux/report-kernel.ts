import { hostKernel } from "../../src/linux/kernel.ts";
import { tracepointId } from "../../src/linux/tracefs.ts";
import { featuresOf } from "../../src/load/features.ts";
import { featureAnswers, reached, reasonForAbsence } from "../load/feature-answers.ts";
import type { KernelReport } from "./older-kernels.vm.test.ts";

// Run as a process of its own, under another kernel: prints what that kernel says as JSON.
const kernel = hostKernel();
const map = kernel.bpf.mapCreate({ type: 1, keySize: 4, valueSize: 8, maxEntries: 10, name: "numbers" });
const value = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
kernel.bpf.mapUpdate(map, new Uint8Array(4), value);
const read = new Uint8Array(8);
kernel.bpf.mapLookup(map, new Uint8Array(4), read);
map.close();

const wrong = featureAnswers(featuresOf(kernel)).filter(
  ({ name, since, ask }) =>
    !ask() && reached(kernel.version, since) && reasonForAbsence(kernel, name) === undefined,
);
const report: KernelReport = {
  version: kernel.version,
  release: kernel.release,
  possibleCpus: kernel.possibleCpus,
  types: kernel.btf().endId,
  tracepoint: tracepointId(kernel, "sched", "sched_switch"),
  value: [...read],
  modules: kernel.moduleBtfs().length,
  kprobe: kernel.symbolAddress("schedule") !== 0n,
  wrong: wrong.map(({ name }) => name),
  has: featureAnswers(featuresOf(kernel))
    .filter(({ ask }) => ask())
    .map(({ name }) => name),
};
console.log(JSON.stringify(report));
