import type { Leaf } from "./parse-c.ts";

/** Attributes of libbpf's headers and of the kernel's that take arguments. */
const ATTRIBUTE_CALLS = new Set(["SEC", "__aligned", "__attribute__", "__section", "__alias"]);
/** And those without (bpf_helpers.h, compiler_types.h). */
const ATTRIBUTES = new Set(
  [
    "__always_inline __always_unused __arena __arg_arena __arg_ctx __arg_nonnull __arg_nullable __arg_trusted",
    "__bpf_kfunc __hidden __inline __inline__ __internal __kconfig __kptr __kptr_untrusted __ksym __maybe_unused",
    "__noinline __packed __percpu __percpu_kptr __rcu __uptr __used __user __weak noinline",
  ].flatMap((line) => line.split(" ")),
);
/** `__uint(type, BPF_MAP_TYPE_HASH);` declares a member of a map's description. */
const MAP_MEMBERS = new Set(["__uint", "__type", "__array", "__ulong"]);
const MEMBER = "int _";

export interface MaskedSource {
  /** As long as the source, line ends in the same places. */
  readonly masked: string;
  /** Where `SEC("name")` stood → the name. */
  readonly sections: ReadonlyMap<number, string>;
}

/** Writes over what only the preprocessor understands: attributes become blanks, map members a member. */
export function maskMacros(text: string, leaves: readonly Leaf[]): MaskedSource {
  const sections = new Map<number, string>();
  const pieces: string[] = [];
  let done = 0;
  const replace = (start: number, end: number, by = ""): void => {
    const blank = text.slice(start + by.length, end).replace(/[^\n]/g, " ");
    pieces.push(text.slice(done, start), by, blank);
    done = end;
  };
  for (const [index, leaf] of leaves.entries()) {
    if (leaf.start < done || WORDLESS.has(leaf.type)) continue;
    const word = text.slice(leaf.start, leaf.end);
    if (ATTRIBUTES.has(word)) replace(leaf.start, leaf.end);
    else if (ATTRIBUTE_CALLS.has(word) || MAP_MEMBERS.has(word)) {
      const close = closingBracket(text, leaves, index + 1);
      if (close === undefined) continue;
      if (word === "SEC") sections.set(leaf.start, stringAt(text, leaves[index + 2]));
      replace(leaf.start, close, MAP_MEMBERS.has(word) ? MEMBER : "");
    }
  }
  pieces.push(text.slice(done));
  return { masked: pieces.join(""), sections };
}

const WORDLESS = new Set(["comment", "string_literal", "char_literal", "system_lib_string", "preproc_arg"]);

/** End of the bracket that the leaf at `open` opens, if it opens one. */
function closingBracket(text: string, leaves: readonly Leaf[], open: number): number | undefined {
  let depth = 0;
  for (let at = open; at < leaves.length; at++) {
    const leaf = leaves[at];
    if (leaf === undefined || leaf.type === "comment") continue;
    const word = text.slice(leaf.start, leaf.end);
    if (word === "(") depth++;
    else if (word === ")") depth--;
    if (depth === 0) return word === ")" ? leaf.end : undefined;
    if (word === "}" || word === "{") return undefined;
  }
  return undefined;
}

function stringAt(text: string, leaf: Leaf | undefined): string {
  return leaf?.type === "string_literal" ? text.slice(leaf.start + 1, leaf.end - 1) : "";
}
