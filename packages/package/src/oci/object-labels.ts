import { mapTypeName, type ProgramSpec, readSpec } from "@skep/bpf";
import type { JsonObject } from "../json.ts";
import { writeJson } from "../write-json.ts";

/**
 * The labels in which bpfman's images say what their object holds: `io.ebpf.programs` and `io.ebpf.maps`, each JSON text
 * of names and types. Maps behind global data are the loader's own business and left out.
 * @throws {MalformedError} for an object that is damaged
 */
export function objectLabels(object: Uint8Array): JsonObject {
  const spec = readSpec(object);
  const programs = spec.programs.map((program) => [program.name, programType(program)]);
  const maps = spec.maps
    .filter(({ data }) => data === undefined)
    .map(({ name, type }) => [name, mapTypeName(type).replace("BPF_MAP_TYPE_", "").toLowerCase()]);
  return {
    "io.ebpf.maps": writeJson(Object.fromEntries(maps)),
    "io.ebpf.programs": writeJson(Object.fromEntries(programs)),
  };
}

/** In bpfman's words: the return probes are probes, and a tracing program is what its section says. */
function programType({ definition, section }: ProgramSpec): string {
  const word = section.replace(/^\?/, "").split("/")[0] ?? "";
  const link = definition?.link;
  if (link === undefined || link === "tracing") return word;
  return link.replace(/^(k|u)retprobe/, "$1probe");
}
