import { type Package, writePackage } from "@skep/package";

/** Numbers on a line of the header. */
const LINE = 32;

/**
 * `ewasm-skel.h`: the package as a C string, for a WebAssembly program that brings its own. The object is there as bytes too,
 * since `wasm_load_bpf_object()` takes those; what a program does not use, its compiler leaves out. Numbers, because compilers
 * need not take string literals of more than 4095 characters.
 */
export function wasmHeader(content: Package): string {
  return `#ifndef EWASM_JSON_INCLUDE_H_
#define EWASM_JSON_INCLUDE_H_

/* Written by ecc. The package, as in package.json. */
static char program_data_text[] = {
${numbers(writePackage(content))}
\t0,
};
char *program_data = program_data_text;

/* The eBPF object in it. */
static const unsigned int program_object_size __attribute__((unused)) = ${content.object.length};
static const unsigned char program_object[] __attribute__((unused, aligned(8))) = {
${numbers(content.object)}
};

#endif
`;
}

function numbers(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += LINE) lines.push(`\t${bytes.subarray(at, at + LINE).join(",")},`);
  return lines.join("\n");
}
