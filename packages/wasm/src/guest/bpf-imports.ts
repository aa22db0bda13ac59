import { EINVAL } from "../protocol.ts";
import { EventDelivery } from "./event-delivery.ts";
import type { Guest, SampleFunction } from "./guest.ts";
import { MapOperations } from "./map-operations.ts";
import { signed, unsigned, unsigned64, type WasmInteger } from "./memory.ts";

/**
 * The functions of eunomia-bpf's `wasm_bpf`, by module and name. Numbers that they return are those of its runtime, but for
 * bad pointers, where that one returns +22 (programs test for negative numbers).
 */
export function bpfImports(guest: Guest): WebAssembly.Imports {
  const maps = new MapOperations(guest);
  const delivery = new EventDelivery(guest);
  const fdsOf = new Map<bigint, Set<number>>();
  const { host, memory } = guest;

  const string = (call: string, what: string, argument: WasmInteger): string | undefined => {
    const text = memory.string(unsigned(argument));
    if (text === undefined) guest.badPointer(call, what, unsigned(argument));
    return text;
  };

  /** The object's number, from 1; 0 when it does not load. */
  function wasm_load_bpf_object(buffer: WasmInteger, size: WasmInteger): bigint {
    const length = signed(size);
    if (length <= 0) return 0n;
    const bytes = memory.bytes(unsigned(buffer), length);
    if (bytes === undefined) {
      guest.badPointer("wasm_load_bpf_object", "the object", unsigned(buffer), length);
      return 0n;
    }
    return BigInt(host.call({ call: "load", object: bytes.slice() }).status);
  }

  /** 0, or -1 when there is no such object. */
  function wasm_close_bpf_object(object: WasmInteger): number {
    const id = unsigned64(object);
    for (const fd of fdsOf.get(id) ?? []) {
      delivery.forget(fd);
      maps.forget(fd);
    }
    fdsOf.delete(id);
    return host.call({ call: "close", object: id }).status;
  }

  /** 0, -1, or -ENODEV; `target` may be NULL or empty. */
  function wasm_attach_bpf_program(object: WasmInteger, name: WasmInteger, target: WasmInteger): number {
    const call = "wasm_attach_bpf_program";
    const program = string(call, "the program's name", name);
    if (program === undefined) return -1;
    const place = unsigned(target) === 0 ? undefined : string(call, "the target", target);
    if (place === undefined && unsigned(target) !== 0) return -1;
    return host.call({ call: "attach", object: unsigned64(object), program, target: place }).status;
  }

  /** Newer runtimes attach to directories that they have opened for the program; we open none. */
  function wasm_attach_bpf_program_fd(): number {
    guest.problem("wasm_attach_bpf_program_fd", "the descriptor is not that of a preopened directory");
    return -1;
  }

  /** A descriptor for the two functions below, or -1. */
  function wasm_bpf_map_fd_by_name(object: WasmInteger, name: WasmInteger): number {
    const map = string("wasm_bpf_map_fd_by_name", "the map's name", name);
    if (map === undefined) return -1;
    const id = unsigned64(object);
    const reply = host.call({ call: "map", object: id, name: map });
    if (reply.map !== undefined) {
      maps.learn(reply.map);
      const fds = fdsOf.get(id) ?? new Set();
      fdsOf.set(id, fds.add(reply.map.fd));
    }
    return reply.status;
  }

  function poll(
    callback: SampleFunction | undefined,
    [object, fd, context, data, maxSize, timeout]: readonly WasmInteger[],
  ): number {
    const call = "wasm_bpf_buffer_poll";
    const [pointer, length] = [unsigned(data ?? 0), signed(maxSize ?? 0)];
    if (length < 0 || memory.bytes(pointer, length) === undefined) {
      guest.badPointer(call, "the event buffer", pointer, length);
      return -EINVAL;
    }
    if (callback === undefined) {
      guest.problem(call, "the callback is not a function of the program");
      return -EINVAL;
    }
    return delivery.poll({
      object: unsigned64(object ?? 0),
      fd: signed(fd ?? -1),
      callback,
      context: unsigned(context ?? 0),
      data: pointer,
      maxSize: length,
      timeout: signed(timeout ?? 0),
      stopsOnError: maps.shape(signed(fd ?? -1))?.stopsOnError ?? true,
    });
  }

  /** 0 after calling the function for each event, or a negative error number. */
  function wasm_bpf_buffer_poll(
    object: WasmInteger,
    fd: WasmInteger,
    callback: WasmInteger,
    ...rest: readonly WasmInteger[]
  ): number {
    return poll(guest.functionAt(unsigned(callback)), [object, fd, ...rest]);
  }

  /** Go has no function addresses: the callback is an export. The runtime's defaults have the two names swapped. */
  const wrapper = (...exports: readonly string[]) => ({
    wasm_bpf_buffer_poll: (...args: readonly WasmInteger[]) => poll(guest.exportedFunction(...exports), args),
  });

  const api = {
    wasm_load_bpf_object,
    wasm_close_bpf_object,
    wasm_attach_bpf_program,
    wasm_attach_bpf_program_fd,
    wasm_bpf_map_fd_by_name,
    wasm_bpf_map_operate: maps.operate.bind(maps),
    wasm_bpf_buffer_poll,
  };
  return {
    wasm_bpf: api,
    // Guests built against the first headers name no module.
    env: api,
    "callback-wrapper": wrapper("go-callback", "callback-wrapper"),
    "go-callback": wrapper("callback-wrapper", "go-callback"),
  };
}
