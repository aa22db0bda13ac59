import type { ElfFile } from "@skep/bpf";

const NT_GNU_BUILD_ID = 3;

/** Hexadecimal; undefined when the linker gave none. @throws {MalformedError} */
export function buildIdOf(elf: ElfFile): string | undefined {
  const note = elf.notes().find(({ name, type }) => name === "GNU" && type === NT_GNU_BUILD_ID);
  return note && Buffer.from(note.description).toString("hex");
}
