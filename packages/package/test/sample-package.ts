import { deflateSync } from "node:zlib";
import { type Package, writePackage } from "@skep/package";

/** A package whose object only begins like one: enough for whatever reads packages without loading them. */
export function samplePackage(object: Uint8Array = Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 1, 2, 3)): Package {
  return {
    object,
    compressed: new Uint8Array(deflateSync(object)),
    meta: {
      bpf_skel: {
        obj_name: "sample_bpf",
        data_sections: [
          {
            name: ".rodata",
            variables: [{ name: "limit", type: "__u64", cmdarg: { default: 18446744073709551615n } }],
          },
        ],
        maps: [],
        progs: [{ name: "handle", attach: "tp/sched/sched_process_exit", link: true }],
        doc: { description: "A sample, no more." },
      },
      eunomia_version: "0.3.4",
    },
    extra: {},
  };
}

export const sampleBytes = (): Uint8Array => writePackage(samplePackage());
export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
