import { encodeInstructions } from "../asm/encode.ts";
import type { Instruction } from "../asm/instruction.ts";
import * as op from "../asm/opcodes.ts";

/** A record of the ring buffer, in bytes. The text is at its end, and has room for a short line or for the longest. */
export const RECORD = {
  /** `pid << 32 | tid`, as bpf_get_current_pid_tgid() gives it. */
  task: 0,
  /** CLOCK_MONOTONIC, nanoseconds. */
  time: 8,
  /** Bytes of the stack, or a negative errno. */
  stackSize: 16,
  stack: 24,
  stackEntries: 16,
  text: 24 + 16 * 8,
} as const;

/** Bytes of a line with its NUL. Most are short, and a record with its header is then 256 bytes. */
const SHORT = 96;
/** BPF_TRACE_PRINTK_SIZE, kernel/trace/bpf_trace.c: no line is longer. */
const LONG = 1024;

/** Helper ids, include/uapi/linux/bpf.h. */
const KTIME_GET_NS = 5;
const GET_CURRENT_PID_TGID = 14;
const GET_STACK = 67;
const PROBE_READ_KERNEL_STR = 115;
const RINGBUF_RESERVE = 131;
const RINGBUF_SUBMIT = 132;

const CONTEXT = 6;
const RECORD_REGISTER = 7;
const TASK = 8;
const FRAME = 10;

/**
 * A program for the raw tracepoint bpf_trace_printk(const char *line): copies each line with its time, task and kernel
 * stack into the ring buffer `ring`, and counts in `counter` (one 64-bit value) the lines that found it full.
 * Lines of the process `ignoredPid` are passed over.
 */
export function printkProgram(
  maps: { readonly ring: number; readonly counter: number },
  ignoredPid: number,
): Uint8Array {
  const whenFull = [
    ...loadMap(1, maps.counter, op.BPF_PSEUDO_MAP_VALUE),
    set(2, 1),
    atomicAdd(1, 2),
    set(0, 0),
    exit(),
  ];
  const short = sendLine(maps.ring, SHORT, whenFull);
  const looked = [
    move(1, FRAME),
    add(1, -SHORT),
    set(2, SHORT),
    load(3, CONTEXT, 0),
    call(PROBE_READ_KERNEL_STR),
    // What fills the room may be longer.
    jumpIfGreaterOrEqual(0, SHORT, short.length),
    ...short,
    ...sendLine(maps.ring, LONG, whenFull),
  ];
  return encodeInstructions(
    [
      move(CONTEXT, 1),
      call(GET_CURRENT_PID_TGID),
      move(TASK, 0),
      shiftRight(0, 32),
      // To the end of `whenFull`.
      jumpIfEqual(0, ignoredPid, looked.length - 2),
      ...looked,
    ],
    true,
  );
}

/** Ends the program: with a record in the ring buffer that has room for so many bytes of the line, or with `whenFull`. */
function sendLine(ring: number, room: number, whenFull: readonly Instruction[]): readonly Instruction[] {
  const afterReserve = [
    storeRegister(RECORD_REGISTER, RECORD.task, TASK),
    call(KTIME_GET_NS),
    storeRegister(RECORD_REGISTER, RECORD.time, 0),
    move(1, CONTEXT),
    move(2, RECORD_REGISTER),
    add(2, RECORD.stack),
    set(3, RECORD.stackEntries * 8),
    set(4, 0),
    call(GET_STACK),
    storeRegister(RECORD_REGISTER, RECORD.stackSize, 0),
    move(1, RECORD_REGISTER),
    add(1, RECORD.text),
    set(2, room),
    load(3, CONTEXT, 0),
    call(PROBE_READ_KERNEL_STR),
    move(1, RECORD_REGISTER),
    set(2, 0),
    call(RINGBUF_SUBMIT),
    set(0, 0),
    exit(),
  ];
  return [
    ...loadMap(1, ring, op.BPF_PSEUDO_MAP_FD),
    set(2, RECORD.text + room),
    set(3, 0),
    call(RINGBUF_RESERVE),
    move(RECORD_REGISTER, 0),
    jumpIfEqual(RECORD_REGISTER, 0, afterReserve.length),
    ...afterReserve,
    ...whenFull,
  ];
}

function instruction(code: number, dst: number, src: number, off: number, imm: number): Instruction {
  return { code, dst, src, off, imm };
}
const move = (dst: number, src: number) => instruction(op.BPF_ALU64 | op.BPF_MOV | op.BPF_X, dst, src, 0, 0);
const set = (dst: number, imm: number) => instruction(op.BPF_ALU64 | op.BPF_MOV | op.BPF_K, dst, 0, 0, imm);
const add = (dst: number, imm: number) => instruction(op.BPF_ALU64 | op.BPF_ADD | op.BPF_K, dst, 0, 0, imm);
const shiftRight = (dst: number, imm: number) =>
  instruction(op.BPF_ALU64 | op.BPF_RSH | op.BPF_K, dst, 0, 0, imm);
const load = (dst: number, src: number, off: number) =>
  instruction(op.BPF_LDX | op.BPF_MEM | op.BPF_DW, dst, src, off, 0);
const storeRegister = (dst: number, off: number, src: number) =>
  instruction(op.BPF_STX | op.BPF_MEM | op.BPF_DW, dst, src, off, 0);
const atomicAdd = (dst: number, src: number) =>
  instruction(op.BPF_STX | op.BPF_ATOMIC | op.BPF_DW, dst, src, 0, op.BPF_ADD);
const jumpIfEqual = (dst: number, imm: number, off: number) =>
  instruction(op.BPF_JMP | op.BPF_JEQ | op.BPF_K, dst, 0, off, imm);
const jumpIfGreaterOrEqual = (dst: number, imm: number, off: number) =>
  instruction(op.BPF_JMP | op.BPF_JSGE | op.BPF_K, dst, 0, off, imm);
const call = (helper: number) => instruction(op.CALL, 0, 0, 0, helper);
const exit = () => instruction(op.EXIT, 0, 0, 0, 0);
const loadMap = (dst: number, fd: number, pseudo: number) => [
  instruction(op.LD_IMM64, dst, pseudo, 0, fd),
  instruction(0, 0, 0, 0, 0),
];
