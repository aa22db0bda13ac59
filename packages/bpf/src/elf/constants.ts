/** Numbers of the ELF format (include/uapi/linux/elf.h, elf(5)) that this library looks at. */

export const ET_REL = 1;
export const ET_EXEC = 2;

export const EM_BPF = 247;

export const SHT_NULL = 0;
export const SHT_PROGBITS = 1;
export const SHT_SYMTAB = 2;
export const SHT_STRTAB = 3;
export const SHT_RELA = 4;
export const SHT_NOTE = 7;
export const SHT_NOBITS = 8;
export const SHT_REL = 9;
export const SHT_DYNSYM = 11;
export const SHT_GROUP = 17;

export const SHF_EXECINSTR = 4;

/** Symbol of no section: defined elsewhere. */
export const SHN_UNDEF = 0;
/** From here on section indexes are special (absolute, common) and name no section. */
export const SHN_LORESERVE = 0xff00;
export const SHN_XINDEX = 0xffff;

export const STB_LOCAL = 0;
export const STB_GLOBAL = 1;
export const STB_WEAK = 2;

export const STT_NOTYPE = 0;
export const STT_OBJECT = 1;
export const STT_FUNC = 2;
export const STT_SECTION = 3;
/** A function whose address a resolver picks at run time. */
export const STT_GNU_IFUNC = 10;

export const STV_INTERNAL = 1;
export const STV_HIDDEN = 2;

export const PT_LOAD = 1;
export const PT_NOTE = 4;

/** Bytes of the structures of 64-bit files: Elf64_Ehdr, Elf64_Shdr, Elf64_Phdr, Elf64_Sym. */
export const ELF_HEADER_SIZE = 64;
export const SECTION_HEADER_SIZE = 64;
export const SEGMENT_HEADER_SIZE = 56;
export const SYMBOL_SIZE = 24;
