/** A known cause of a clang error, recognised by its text. */
interface KnownCause {
  readonly error: RegExp;
  readonly hint: (...groups: string[]) => string;
}

/** Most specific first: of each error line the first cause that fits is named. */
const CAUSES: readonly KnownCause[] = [
  {
    error: /'(bpf_helpers|bpf_tracing|bpf_core_read|bpf_endian|usdt\.bpf)\.h' file not found/,
    hint: (name) => `libbpf's headers lie in bpf/: #include <bpf/${name}.h>`,
  },
  {
    error: /'bpf\/(?:bpf_helpers|bpf_tracing|bpf_core_read|bpf_endian|usdt\.bpf)\.h' file not found/,
    hint: () => "libbpf's headers are missing: install libbpf-dev (Debian, Ubuntu) or libbpf-devel (Fedora)",
  },
  {
    error: /'(bpf\/\S+)' file not found/,
    hint: (file) =>
      `${file} is not one of libbpf's headers for programs: bpf_helpers.h, bpf_tracing.h, bpf_core_read.h, bpf_endian.h, usdt.bpf.h`,
  },
  {
    error: /'(?:bits|gnu|sys)\/\S+\.h' file not found/,
    hint: () => "user-space headers do not belong in an eBPF program: include vmlinux.h instead",
  },
  {
    error: /'(asm\/\S+|linux\/\S+)' file not found/,
    hint: (file) =>
      `${file} comes with the kernel's headers for programs: install linux-libc-dev, or include vmlinux.h`,
  },
  {
    error: /'vmlinux\.h' file not found/,
    hint: () =>
      "this kernel does not show its types (/sys/kernel/btf/vmlinux): put a vmlinux.h next to the source",
  },
  {
    error: /'(\S+)' file not found/,
    hint: (file) => `${file} is not in the source's directory: add its directory with -a=-IDIR`,
  },
  {
    error: /(?:unknown type name|use of undeclared identifier) '(__u\d+|__s\d+|__be\d+|u\d+|s\d+)'/,
    hint: (type) => `${type} is defined by vmlinux.h: put #include "vmlinux.h" before all other headers`,
  },
  {
    error: /unknown type name 'bool'/,
    hint: () => "bool is defined by vmlinux.h, and by <stdbool.h>: include one of them",
  },
  {
    error: /expected ';' after top level declarator\n\s*(?:char \w+\[\] )?SEC\(/,
    hint: () => "SEC() is defined by libbpf: #include <bpf/bpf_helpers.h>",
  },
  {
    error: /expected [^\n]*\n.*\b(BPF_(?:KPROBE|KRETPROBE|KSYSCALL|PROG|PROG2|URETPROBE|UPROBE))\(/,
    hint: (macro) => `${macro}() is defined by libbpf: #include <bpf/bpf_tracing.h>`,
  },
  {
    error: /expected [^\n]*\n.*\bBPF_USDT\(/,
    hint: () => "BPF_USDT() is defined by libbpf: #include <bpf/usdt.bpf.h>",
  },
  {
    error:
      /implicit(?:ly)? declar(?:ation of|ing library) function '(BPF_(?:CORE_READ|PROBE_READ)\w*|bpf_core_\w+)'/,
    hint: (name) => `${name}() is defined by libbpf: #include <bpf/bpf_core_read.h>`,
  },
  {
    error: /implicit(?:ly)? declar(?:ation of|ing library) function '(bpf_(?:ntoh|hton|be\d|cpu_to)\w*)'/,
    hint: (name) => `${name}() is defined by libbpf: #include <bpf/bpf_endian.h>`,
  },
  {
    error: /implicit(?:ly)? declar(?:ation of|ing library) function '(PT_REGS_\w+)'/,
    hint: (name) => `${name}() is defined by libbpf: #include <bpf/bpf_tracing.h>`,
  },
  {
    error: /implicit(?:ly)? declar(?:ation of|ing library) function '(?:printf|puts|putchar|fprintf)'/,
    hint: () => "there is no libc in the kernel: print with bpf_printk()",
  },
  {
    error: /implicit(?:ly)? declar(?:ation of|ing library) function '(\w+)'/,
    hint: (name) =>
      `nobody defines ${name}(): a program calls functions of its own and helpers of the kernel, #include <bpf/bpf_helpers.h>`,
  },
  {
    error: /A call to built-in function '(mem\w+|str\w+)' is not supported/,
    hint: (name) => `there is no libc in the kernel: give ${name} a constant, small length, or write a loop`,
  },
  {
    error: /Cannot select: \S+ i64 = s(?:div|rem)\b|[Uu]nsupport(?:ed)? signed division/,
    hint: () => "eBPF divides unsigned numbers only: convert both sides to an unsigned type",
  },
  {
    error:
      /(?:incomplete definition of|incomplete type|forward declaration of) (?:type )?'(?:const )?((?:struct|union|enum) \w+)/,
    hint: (type) =>
      `${type} is not in this kernel's types, or vmlinux.h is not included; of other kernels' types declare a flavour, ${type}___old { … } with preserve_access_index`,
  },
  {
    error: /no member named '(\w+)' in '((?:struct|union) \w+)'/,
    hint: (member, type) =>
      `this kernel's ${type} has no ${member}: declare a flavour of it, ${type}___old { … }, and test with bpf_core_field_exists`,
  },
  {
    error: /^(?!\S*\/(?:linux|asm\S*)\/)\S+: error: redefinition of (?:enumerator )?'(\w+)'/,
    hint: (name) =>
      `the kernel has a ${name} of its own, in vmlinux.h: give yours another name, or leave it out when it is the same`,
  },
  {
    error: /(?:redefinition|typedef redefinition|conflicting types)\b/,
    hint: () => "vmlinux.h has the kernel's types already: do not include linux/*.h next to it",
  },
  {
    error: /Looks like the BPF stack limit/,
    hint: () =>
      "a program has 512 bytes of stack: keep large values in a map, or reserve them in the ring buffer",
  },
  {
    error: /call to built-in function '__\w*[sd]f\w*'/,
    hint: () => "eBPF has no floating point: compute with integers, for example in thousandths",
  },
  {
    error: /too many arg(?:ument)?s\b|stack arguments are not supported|only integer returns supported/,
    hint: () => "a BPF function takes at most five arguments and returns an integer: mark it __always_inline",
  },
  {
    error: /unknown target triple|unknown target|No available targets/,
    hint: () =>
      "this clang is built without the BPF target: install the distribution's clang, or name one with --clang-bin",
  },
];

/** Hints for what clang printed, each once, at most three: further errors mostly follow from the first. */
export function hintsFor(diagnostics: string): readonly string[] {
  const hints = new Set<string>();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: clang's colours are control sequences
  const lines = diagnostics.replace(/\u001b\[[0-9;]*[A-Za-z]/g, "").split("\n");
  for (const [index, line] of lines.entries()) {
    if (!/\berror: |\bnote: forward declaration|\bwarning: implicit/.test(line)) continue;
    const hint = hintFor(`${line}\n${lines[index + 1] ?? ""}`);
    if (hint !== undefined) hints.add(hint);
  }
  return [...hints].slice(0, 3);
}

/** `text` is an error line and the line of the source that clang shows below it. */
function hintFor(text: string): string | undefined {
  for (const { error, hint } of CAUSES) {
    const match = error.exec(text);
    if (match !== null) return hint(...match.slice(1));
  }
  return undefined;
}
