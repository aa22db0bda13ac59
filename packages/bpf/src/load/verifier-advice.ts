/** A known cause of the verifier's complaints, recognised by its words, and what to do about it. */
interface KnownComplaint {
  readonly complaint: RegExp;
  readonly advice: string;
}

/** Most specific first; the words are those of kernel/bpf/verifier.c from 5.10 on. */
const KNOWN: readonly KnownComplaint[] = [
  {
    complaint: /_or_null|possibly NULL/i,
    advice: "compare the pointer with NULL before using it",
  },
  {
    complaint: /GPL/,
    advice: 'declare a licence that goes with the GPL: char LICENSE[] SEC("license") = "Dual BSD/GPL"',
  },
  {
    complaint: /invalid mem access '(?:scalar|inv)'/,
    advice:
      "read the kernel's memory with BPF_CORE_READ() or bpf_probe_read_kernel(), a process's with bpf_probe_read_user(); a table of pointers in global data holds no addresses: make it an array of char arrays",
  },
  {
    complaint: /missing btf func_info/,
    advice: "compile with -g: the kernel wants to know the types of functions that are called back",
  },
  {
    // callx, a call through a register: -O0 keeps the addresses of helpers in variables.
    complaint: /unknown opcode 8d/,
    advice: "compile with -O2: a function can only be called by its name",
  },
  {
    complaint: /Unreleased reference|reference leak/,
    advice:
      "give back on every path what was taken: bpf_ringbuf_submit(), bpf_ringbuf_discard(), or the _release() of a kfunc",
  },
  {
    complaint: /program is too large|infinite loop|back-edge|jumps is too complex/,
    advice: "give every loop a constant bound, or use bpf_loop() (Linux 5.17)",
  },
  {
    complaint: /invalid access to packet|outside of the packet/,
    advice: "compare the end of what is read with data_end first",
  },
  {
    // With "off=": out of bounds. Without: not set, see below.
    complaint: /invalid .*stack R\d+ off=/,
    advice: "access no more bytes than the variable has: pass sizeof() of it",
  },
  {
    complaint: /number of funcs in func_info/,
    advice:
      "do without bpf_loop(), bpf_for_each_map_elem() and timers: this kernel is older than callbacks (Linux 5.13)",
  },
  {
    complaint: /callback function not static/,
    advice: "declare the function that is called back static",
  },
  {
    complaint: /failed to find the address for kernel symbol/,
    advice: "this kernel was built without the addresses of variables (CONFIG_KALLSYMS_ALL): do without",
  },
  {
    complaint: /unbounded|(?:min|max) value is|invalid access to map value/,
    advice: "bound the index or length before using it: compare it, or mask it with a power of two minus 1",
  },
  {
    complaint: /read from stack|R\d+ !read_ok/,
    advice: "set every variable, and a return value on every path, before it is used: = {}",
  },
  {
    complaint: /invalid bpf_context access/,
    advice: "check that the type of ctx is the one that SEC() stands for, and read members whole",
  },
];

/** What to do about a complaint of the verifier; undefined when its cause is not a known one. */
export function adviceOn(complaint: string): string | undefined {
  return KNOWN.find((known) => known.complaint.test(complaint))?.advice;
}
