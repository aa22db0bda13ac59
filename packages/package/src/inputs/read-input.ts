import { MalformedError } from "@skep/bpf";
import type { Package } from "../package.ts";
import { readPackage } from "../read-package.ts";
import { type Archive, readArchive } from "./archive.ts";
import { gunzip } from "./gunzip.ts";
import { kindOfInput, strangerName } from "./kind-of-input.ts";
import { readYamlPackage } from "./read-yaml-package.ts";

/** What a program's bytes turned out to be. */
export type Input =
  /** `form` says how it was written down. */
  | { readonly kind: "package"; readonly form: "json" | "yaml"; readonly package: Package }
  | { readonly kind: "archive"; readonly archive: Archive }
  | { readonly kind: "wasm"; readonly module: Uint8Array }
  /** An ELF object: its package has no annotations. */
  | { readonly kind: "object"; readonly package: Package }
  /** C, for the compiler. */
  | { readonly kind: "source"; readonly text: Uint8Array };

/** A gzip file around any of the others. */
const MAX_UNZIPPED_BYTES = 512 * 1024 * 1024;

/**
 * Reads whatever can be run. The contents decide what it is.
 * @param what names it in messages: a path, an address
 * @throws {MalformedError} for a damaged one, and for anything else
 */
export async function readInput(bytes: Uint8Array, what: string): Promise<Input> {
  const kind = kindOfInput(bytes);
  switch (kind) {
    case "json":
      return { kind: "package", form: "json", package: readPackage(bytes) };
    case "yaml":
      return { kind: "package", form: "yaml", package: await readYamlPackage(bytes) };
    case "tar":
      return { kind: "archive", archive: await readArchive(bytes) };
    case "wasm":
      return { kind: "wasm", module: bytes };
    case "object":
      return { kind: "object", package: packageOfObject(bytes) };
    case "source":
      return { kind: "source", text: bytes };
    case "gzip": {
      const inner = gunzip(bytes, what, MAX_UNZIPPED_BYTES);
      if (kindOfInput(inner) === "gzip")
        throw new MalformedError(`${what} is a gzip file in a gzip file`, "unpack it first");
      return readInput(inner, what);
    }
    case undefined:
      throw new MalformedError(
        `${what} is no program: it is ${strangerName(bytes)}`,
        "give a package (JSON, YAML or tar), a Wasm module, a .bpf.o object or a .bpf.c source",
      );
  }
}

/** A package around a bare object: nothing is known but what the object says. */
export function packageOfObject(object: Uint8Array): Package {
  return { object, meta: { bpf_skel: { data_sections: [], maps: [], obj_name: "", progs: [] } }, extra: {} };
}
