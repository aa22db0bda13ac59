import { encodeInstructions } from "../../src/asm/encode.ts";
import type { Instruction } from "../../src/asm/instruction.ts";
import { BtfKind } from "../../src/btf/types.ts";
import { hostKernel, type Kernel } from "../../src/linux/kernel.ts";
import type { LoadedProgram } from "../../src/load/program.ts";
import { BPF_MAP_TYPE_ARRAY } from "../../src/spec/map-types.ts";
import type { ProgramSpec } from "../../src/spec/object-spec.ts";
import { matchSection, sectionFlags } from "../../src/spec/sections.ts";

export interface CounterOptions {
  /** Counts only hits of this process. */
  readonly pid?: number;
  /** What the program returns. */
  readonly returns?: number;
  /** Remembers bpf_get_attach_cookie() of the last hit. */
  readonly cookie?: boolean;
  /** Instead of the section's. */
  readonly attachType?: number;
  /** For iterators: text to write for each object. */
  readonly writes?: string;
}

/** A program that counts how often it ran, assembled by hand so that tests of links need no compiler and no loader. */
export class Counter implements Disposable {
  readonly program: LoadedProgram;
  readonly #map: ReturnType<Kernel["bpf"]["mapCreate"]>;

  constructor(section: string, options: CounterOptions = {}) {
    const kernel = hostKernel();
    const { definition, target } = matchSection(section);
    if (definition === undefined) throw new Error(`no SEC("${section}")`);
    this.#map = kernel.bpf.mapCreate({ type: BPF_MAP_TYPE_ARRAY, keySize: 4, valueSize: 16, maxEntries: 1 });
    const { programType: type } = definition;
    const attachType = options.attachType ?? definition.attachType;
    const fd = kernel.bpf.progLoad({
      type,
      instructions: encodeInstructions(code(this.#map.raw, options), true),
      license: "GPL",
      name: "counter",
      kernelVersion: kernel.version,
      flags: sectionFlags(definition),
      ...(attachType === undefined ? {} : { expectedAttachType: attachType }),
      ...(definition.needsBtfTarget ? { attachBtfId: btfTarget(kernel, section) } : {}),
    });
    const spec = { name: "counter", section, definition, type, attachType, target } as ProgramSpec;
    this.program = { name: "counter", spec, type, attachType, fd, kernel } as LoadedProgram;
  }

  get hits(): number {
    return Number(this.#value(0));
  }

  get cookie(): bigint {
    return this.#value(8);
  }

  #value(offset: number): bigint {
    const value = new Uint8Array(16);
    this.program.kernel.bpf.mapLookup(this.#map, new Uint8Array(4), value);
    return new DataView(value.buffer).getBigUint64(offset, true);
  }

  [Symbol.dispose](): void {
    this.program.fd.close();
    this.#map.close();
  }
}

function btfTarget(kernel: Kernel, section: string): number {
  const [kind, name] = section.split("/");
  const id =
    kind === "iter"
      ? kernel.btf().find(`bpf_iter_${name}`, BtfKind.Func)
      : kernel.btf().find(`btf_trace_${name}`, BtfKind.Typedef);
  if (id === undefined) throw new Error(`no BTF for ${section}`);
  return id;
}

const insn = (code: number, dst: number, src: number, off: number, imm: number): Instruction => ({
  code,
  dst,
  src,
  off,
  imm,
});
const call = (helper: number) => insn(0x85, 0, 0, 0, helper);

function code(map: number, options: CounterOptions): Instruction[] {
  const count = [
    insn(0x18, 1, 2, 0, map), // r1 = address of the map's value
    insn(0, 0, 0, 0, 0),
    insn(0xb7, 2, 0, 0, 1), // r2 = 1
    insn(0xdb, 1, 2, 0, 0), // lock *(u64 *)(r1 + 0) += r2
  ];
  const body = [
    ...(options.cookie ? storeCookie(map) : []),
    ...count,
    ...(options.writes ? writeText(options.writes) : []),
  ];
  const filter =
    options.pid === undefined
      ? []
      : [call(14), insn(0x77, 0, 0, 0, 32), insn(0x55, 0, 0, body.length, options.pid)]; // get_current_pid_tgid() >> 32
  const start = insn(0xbf, 6, 1, 0, 0); // r6 = context
  return [start, ...filter, ...body, insn(0xb7, 0, 0, 0, options.returns ?? 0), insn(0x95, 0, 0, 0, 0)];
}

function storeCookie(map: number): Instruction[] {
  return [
    insn(0xbf, 1, 6, 0, 0),
    call(174), // get_attach_cookie
    insn(0x18, 1, 2, 0, map),
    insn(0, 0, 0, 0, 0),
    insn(0x7b, 1, 0, 8, 0), // *(u64 *)(r1 + 8) = r0
  ];
}

/** bpf_seq_write(context->meta->seq, text, length): up to eight characters. */
function writeText(text: string): Instruction[] {
  const padded = Buffer.alloc(8);
  padded.write(text);
  return [
    insn(0x79, 6, 6, 0, 0), // meta
    insn(0x79, 1, 6, 0, 0), // seq
    insn(0x18, 7, 0, 0, padded.readInt32LE(0)),
    insn(0, 0, 0, 0, padded.readInt32LE(4)),
    insn(0x7b, 10, 7, -8, 0),
    insn(0xbf, 2, 10, 0, 0),
    insn(0x07, 2, 0, 0, -8),
    insn(0xb7, 3, 0, 0, text.length),
    call(127),
  ];
}
