import { expect, test } from "vitest";
import { fromText, Guest, sendSignals, signalsObject } from "./guests.ts";

const text = (bytes: Uint8Array) =>
  Array.from(bytes, (byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("");
const i32 = (...values: readonly number[]) => values.map((value) => `(i32.const ${value})`).join(" ");
const i64 = (...values: readonly number[]) => values.map((value) => `(i64.const ${value})`).join(" ");

/**
 * What TinyGo makes: the callback is an export, polling is imported from a module of its own, and pointers to keys and values
 * have 64 bits (as in Rust's binding). Counts 100 events and adds up their numbers; ends with 1 when the sum is right.
 */
function goGuest(importedFrom: string, callback: string): Promise<Uint8Array> {
  const object = signalsObject();
  return fromText(`(module
    (import "wasm_bpf" "wasm_load_bpf_object" (func $load (param i32 i32) (result i64)))
    (import "wasm_bpf" "wasm_attach_bpf_program" (func $attach (param i64 i32 i32) (result i32)))
    (import "wasm_bpf" "wasm_bpf_map_fd_by_name" (func $map (param i64 i32) (result i32)))
    (import "wasm_bpf" "wasm_bpf_map_operate" (func $operate (param i32 i32 i64 i64 i64 i64) (result i32)))
    (import "${importedFrom}" "wasm_bpf_buffer_poll" (func $poll (param i64 i32 i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 4)
    (global $object (mut i64) (i64.const 0))
    (global $events (mut i32) (i32.const 0))
    (global $sum (mut i32) (i32.const 0))
    (data (i32.const 16) "on_kill\\00") (data (i32.const 32) "first\\00") (data (i32.const 48) "sender\\00")
    (data (i32.const 64) "attached\\n")
    (data (i32.const 104) "${text(new Uint8Array(Uint32Array.of(process.pid).buffer))}")
    (data (i32.const 1024) "${text(object)}")
    (func (export "${callback}") (param $context i32) (param $data i32) (param $size i32) (result i32)
      (if (i32.or (i32.ne (local.get $context) (i32.const 77)) (i32.ne (local.get $size) (i32.const 20))) (then unreachable))
      (global.set $events (i32.add (global.get $events) (i32.const 1)))
      (global.set $sum (i32.add (global.get $sum) (i32.load (local.get $data))))
      (i32.const 0))
    (func (export "_start")
      (global.set $object (call $load ${i32(1024, object.length)}))
      (if (call $operate (call $map (global.get $object) ${i32(48)}) ${i32(2)} ${i64(96, 104, 0, 0)}) (then unreachable))
      (if (call $attach (global.get $object) ${i32(16, 0)}) (then unreachable))
      (i32.store (i32.const 80) (i32.const 64)) (i32.store (i32.const 84) (i32.const 9))
      (drop (call $write ${i32(1, 80, 1, 88)}))
      (loop $again
        (if (call $poll (global.get $object) (call $map (global.get $object) ${i32(32)}) ${i32(77, 200000, 512, 100)}) (then unreachable))
        (br_if $again (i32.lt_u (global.get $events) (i32.const 100))))
      (call $exit (i32.eq (global.get $sum) (i32.const 4950)))))`);
}

test.each([
  ["callback-wrapper", "go-callback"],
  ["go-callback", "callback-wrapper"],
])("a Go guest that imports from %s is called through its export %s", async (importedFrom, callback) => {
  const guest = new Guest(await goGuest(importedFrom, callback));
  await guest.says("attached");
  sendSignals(0, 0, 100);
  expect((await guest.result).exitCode).toBe(1);
  expect(guest.problems).toEqual([]);
});

test("a Go guest without a callback gets an error from polling", async () => {
  const guest = new Guest(await goGuest("callback-wrapper", "another-name"));
  await expect(guest.result).rejects.toThrow("unreachable");
  expect(guest.problems).toEqual(["wasm_bpf_buffer_poll: the callback is not a function of the program"]);
});
