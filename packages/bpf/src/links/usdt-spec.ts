import { NotImplementedError } from "../errors.ts";
import { USDT_MAX_ARGUMENTS, type UsdtArgument, type UsdtLocation } from "./usdt-arguments.ts";

/** enum __bpf_usdt_arg_type of libbpf's usdt.bpf.h. */
const ARGUMENT_CONSTANT = 0;
const ARGUMENT_REGISTER = 1;
const ARGUMENT_MEMORY = 2;
const ARGUMENT_SCALED_INDEX = 3;

const ARGUMENT_BYTES = 16;
const COOKIE_OFFSET = USDT_MAX_ARGUMENTS * ARGUMENT_BYTES;
const COUNT_OFFSET = COOKIE_OFFSET + 8;
/** sizeof(struct __bpf_usdt_spec). */
export const USDT_SPEC_BYTES = COUNT_OFFSET + 8;

/**
 * Encodes `struct __bpf_usdt_spec` of usdt.bpf.h (little endian): what `bpf_usdt_arg()` consults to find a probe's
 * arguments. Since libbpf 1.7 the four bytes of `arg_type` are `type:8, index register:12, scale shift:4, 0:8`, which for the
 * older kinds of arguments is the same bytes; `scaledIndex` says that the program's header knows the new kind.
 * @throws {NotImplementedError} for a scaled index that the program would not understand.
 */
export function encodeUsdtSpec(
  args: readonly UsdtArgument[],
  cookie: bigint,
  options: { readonly scaledIndex: boolean; readonly addressFromProbe: (symbol: string) => bigint },
): Uint8Array {
  const bytes = new Uint8Array(USDT_SPEC_BYTES);
  const view = new DataView(bytes.buffer);
  args.forEach((argument, index) => {
    const at = index * ARGUMENT_BYTES;
    const where = placeOf(argument.location, options);
    view.setBigUint64(at, BigInt.asUintN(64, where.value), true);
    view.setUint32(at + 8, where.type, true);
    view.setInt16(at + 12, where.register, true);
    view.setUint8(at + 14, argument.signed ? 1 : 0);
    view.setInt8(at + 15, 64 - argument.size * 8);
  });
  view.setBigUint64(COOKIE_OFFSET, BigInt.asUintN(64, cookie), true);
  view.setInt16(COUNT_OFFSET, args.length, true);
  return bytes;
}

interface Place {
  readonly type: number;
  readonly value: bigint;
  readonly register: number;
}

function placeOf(
  location: UsdtLocation,
  options: { readonly scaledIndex: boolean; readonly addressFromProbe: (symbol: string) => bigint },
): Place {
  switch (location.kind) {
    case "constant":
      return { type: ARGUMENT_CONSTANT, value: location.value, register: 0 };
    case "register":
      return { type: ARGUMENT_REGISTER, value: 0n, register: location.register };
    case "memory":
      return { type: ARGUMENT_MEMORY, value: location.offset, register: location.register };
    case "variable": {
      // The program counter in pt_regs is the probe's own address, so the variable lies at a fixed distance from it.
      const distance = options.addressFromProbe(location.symbol) + location.offset;
      return { type: ARGUMENT_MEMORY, value: distance, register: location.register };
    }
    case "scaled-index": {
      if (!options.scaledIndex) throw olderHeader();
      const type = ARGUMENT_SCALED_INDEX | (location.index << 8) | (location.shift << 20);
      return { type, value: location.offset, register: location.register };
    }
  }
}

function olderHeader(): NotImplementedError {
  return new NotImplementedError(
    "a USDT argument is addressed by base + index * scale, which the program's usdt.bpf.h cannot read",
    "compile the program with usdt.bpf.h of libbpf 1.7 or newer",
  );
}
