import { Readable, Writable } from "node:stream";
import { MalformedError, UnsupportedError } from "@skep/bpf";
import { GuestTrapError, isWasm, runWasm } from "@skep/wasm";
import { describe, expect, test } from "vitest";
import { compileGuest, fromText, Guest } from "./guests.ts";

/** A program of one function body. */
const program = (body: string, more = "") =>
  fromText(`(module ${more} (memory (export "memory") 1) (func $main (export "_start") ${body}))`);

const API = `
  (import "wasm_bpf" "wasm_load_bpf_object" (func $load (param i32 i32) (result i64)))
  (import "wasm_bpf" "wasm_bpf_buffer_poll" (func $poll (param i64 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $wait (param i32 i32 i32 i32) (result i32)))`;

describe("a program", () => {
  test("has arguments with its own name first, standard streams, an exit code, and nothing else", async () => {
    const guest = new Guest(compileGuest("echo.c"), ["300", "--help"], {
      stdin: () => Readable.from([Buffer.from("one\ntw"), Buffer.from("o\n")]),
    });
    expect((await guest.result).exitCode).toBe(300 & 255);
    expect(guest.stdout).toBe("[guest][300][--help] no environment\none\ntwo\n");
    expect(guest.stderr).toBe("end\n");
  });

  test("that is given no input reads its end", async () => {
    const guest = new Guest(compileGuest("echo.c"), ["5"]);
    expect((await guest.result).exitCode).toBe(5);
  });

  test("ends with 0 when it returns, and with what it gave to exit()", async () => {
    expect((await new Guest(await program("nop")).result).exitCode).toBe(0);
    expect((await new Guest(await program("(call $exit (i32.const 42))", API)).result).exitCode).toBe(42);
  });

  test("waits for a slow reader, and nothing of what it wrote is lost", async () => {
    let text = "";
    const stdout = new Writable({
      highWaterMark: 1024,
      write(chunk: Buffer, _encoding, done) {
        text += chunk.toString();
        setTimeout(done, 1);
      },
    });
    await new Guest(compileGuest("flood.c"), ["100000"], { stdout }).result;
    expect(text).toBe(Array.from({ length: 100_000 }, (_, index) => `line ${index}\n`).join(""));
  });

  test("ends without an error when its reader has gone", async () => {
    const stdout = new Writable({ write: (_chunk, _encoding, done) => done(new Error("EPIPE")) });
    expect((await new Guest(compileGuest("flood.c"), ["100000000"], { stdout }).result).exitCode).toBe(0);
  });

  test("sleeps as long as it says", async () => {
    const guest = new Guest(compileGuest("ticks.c"));
    await guest.says("slept");
    guest.interrupt();
    await guest.result;
    expect(guest.stdout).toBe("slept long enough\n");
  });
});

describe("an interruption ends", () => {
  test("a program that sleeps", async () => {
    const guest = new Guest(compileGuest("ticks.c"));
    await guest.says("slept");
    guest.interrupt();
    expect((await guest.result).exitCode).toBe(0);
  });

  test("a program that waits for input", async () => {
    const guest = new Guest(compileGuest("echo.c"), [], { stdin: () => new Readable({ read() {} }) });
    await guest.says("").then(() => new Promise((resolve) => setTimeout(resolve, 100)));
    guest.interrupt();
    expect((await guest.result).exitCode).toBe(0);
  });

  test("a program that never stops", async () => {
    const guest = new Guest(await program("(loop $again (br $again))"));
    guest.interrupt();
    expect((await guest.result).exitCode).toBe(0);
  });

  test("a program whose output nobody takes", async () => {
    const guest = new Guest(compileGuest("flood.c"), ["100000000"], { stdout: new Writable({ write() {} }) });
    guest.interrupt();
    const { exitCode, unread } = await guest.result;
    expect(exitCode).toBe(0);
    expect(unread).toBeGreaterThan(0);
  });

  test("one that has not begun", async () => {
    const signal = AbortSignal.abort();
    expect(
      (await new Guest(await program("(loop $again (br $again))"), [], { signal }).result).exitCode,
    ).toBe(0);
  });
});

describe("an error says", () => {
  const failure = async (module: Uint8Array | Promise<Uint8Array>) => {
    const guest = new Guest(await module);
    const error = await guest.result.then(
      () => undefined,
      (reason: unknown) => reason as Error & { next?: string },
    );
    return { guest, error, text: `${error?.message}. ${error?.next ?? ""}` };
  };

  test("where a program trapped, after what it wrote", async () => {
    const { error, guest, text } = await failure(
      program(
        `(i32.store (i32.const 8) (i32.const 100)) (i32.store (i32.const 12) (i32.const 7))
         (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 20)))
         (call $inner)`,
        `${API} (data (i32.const 100) "before\\n") (func $inner unreachable)`,
      ),
    );
    expect(error).toBeInstanceOf(GuestTrapError);
    expect(text).toBe("the WebAssembly program trapped: unreachable, in inner < main. ");
    expect(guest.stdout).toBe("before\n");
  });

  test("what a program did that its memory does not allow", async () => {
    const { error, text } = await failure(program("(i32.store (i32.const -4) (i32.const 0))"));
    expect(error).toBeInstanceOf(GuestTrapError);
    expect(text).toContain("memory access out of bounds");
  });

  test("that the stack is used up", async () => {
    const { error, text } = await failure(program("(call $main)"));
    expect(error).toBeInstanceOf(GuestTrapError);
    expect(text).toContain("ran out of stack");
  });

  test("which import is not there", async () => {
    const { error, text } = await failure(
      program("nop", '(import "test" "long_sleep" (func)) (import "wasm_bpf" "no_such_function" (func))'),
    );
    expect(error).toBeInstanceOf(UnsupportedError);
    expect(text).toContain("imports the function test.long_sleep and 1 more, which is not there");
  });

  test("which import of another kind is not there", async () => {
    const { error, text } = await failure(
      fromText(`(module (import "env" "table" (table 1 funcref))
        (memory (export "memory") 1) (func (export "_start")))`),
    );
    expect(error).toBeInstanceOf(UnsupportedError);
    expect(text).toContain("imports the table env.table");
  });

  test("that a module declares a function of the API otherwise than it is", async () => {
    const { error, text } = await failure(
      program(
        "(drop (call $wrong (i32.const 0) (i32.const 0)))",
        '(import "wasm_bpf" "wasm_load_bpf_object" (func $wrong (param i32 i32) (result i32)))',
      ),
    );
    expect(error).toBeInstanceOf(GuestTrapError);
    expect(text).toContain("BigInt");
  });

  test("that a module is no program, or no module", async () => {
    const library = await failure(fromText('(module (memory (export "memory") 1))'));
    expect(library.error).toBeInstanceOf(UnsupportedError);
    expect(library.text).toContain("exports no function _start");
    const old = await failure(fromText('(module (memory (export "memory") 1) (func (export "bpf_main")))'));
    expect(old.text).toContain("first runtime");
    const secret = await failure(fromText('(module (memory 1) (func (export "_start")))'));
    expect(secret.error).toBeInstanceOf(UnsupportedError);
    expect(secret.text).toContain('does not export its memory as "memory"');
    const component = await failure(Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0));
    expect(component.error).toBeInstanceOf(MalformedError);
    expect(component.text).toContain("component");
    for (const length of [4, 8, 20, 40]) {
      const cut = (await program("nop")).slice(0, length);
      expect((await failure(cut)).error).toBeInstanceOf(length === 8 ? UnsupportedError : MalformedError);
    }
  });

  test("that callbacks need the table of functions", async () => {
    const { error, text } = await failure(
      program(
        `(drop (call $poll (i64.const 1) (i32.const 5) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 16) (i32.const 0)))`,
        API,
      ),
    );
    expect(error).toBeInstanceOf(GuestTrapError);
    expect(text).toContain("--export-table");
  });
});

describe("a bad pointer", () => {
  test("is an error for the program and a message for the user, told once", async () => {
    const guest = new Guest(
      await program(
        `(loop $again
           (if (i64.ne (call $load (i32.const 65530) (i32.const 100)) (i64.const 0)) (then unreachable))
           (global.set $n (i32.add (global.get $n) (i32.const 1)))
           (br_if $again (i32.lt_u (global.get $n) (i32.const 1000))))
         (call $exit (global.get $n))`,
        `${API} (global $n (mut i32) (i32.const 0))`,
      ),
    );
    expect((await guest.result).exitCode).toBe(1000 & 255);
    expect(guest.problems).toEqual([
      "wasm_load_bpf_object: the object at 0xfffa: 100 bytes do not fit within the program's memory of 65536 bytes",
    ]);
  });

  test("in a start function, before there is memory, is one too", async () => {
    const guest = new Guest(
      await fromText(`(module ${API} (memory (export "memory") 1) (func (export "_start"))
        (func $start (if (i64.ne (call $load (i32.const 0) (i32.const 8)) (i64.const 0)) (then unreachable)))
        (start $start))`),
    );
    expect((await guest.result).exitCode).toBe(0);
    expect(guest.problems[0]).toContain("memory of 0 bytes");
  });

  test("given to WASI is EFAULT, and writing nowhere is EBADF", async () => {
    const fault = "(i32.const 21)";
    const guest = new Guest(
      await program(
        `(if (i32.ne (call $write (i32.const 1) (i32.const -8) (i32.const 1) (i32.const 0)) ${fault}) (then unreachable))
         (if (i32.ne (call $write (i32.const 1) (i32.const 0) (i32.const -1) (i32.const 0)) ${fault}) (then unreachable))
         (if (i32.ne (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 65533)) ${fault}) (then unreachable))
         (i32.store (i32.const 0) (i32.const 60000)) (i32.store (i32.const 4) (i32.const 6000))
         (if (i32.ne (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)) ${fault}) (then unreachable))
         (if (i32.ne (call $write (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 16)) (i32.const 8)) (then unreachable))
         (if (i32.ne (call $write (i32.const 3) (i32.const 0) (i32.const 1) (i32.const 16)) (i32.const 8)) (then unreachable))
         (if (i32.ne (call $wait (i32.const 65000) (i32.const 0) (i32.const 99) (i32.const 0)) ${fault}) (then unreachable))
         (if (i32.ne (call $wait (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)) (i32.const 28)) (then unreachable))`,
        API,
      ),
    );
    expect((await guest.result).exitCode).toBe(0);
  });
});

test("modules are told by their first bytes", () => {
  expect(isWasm(Buffer.from("\0asm\x01\0\0\0"))).toBe(true);
  expect(isWasm(Buffer.from("\0as"))).toBe(false);
  expect(isWasm(new Uint8Array())).toBe(false);
});

test("programs run side by side", async () => {
  const module = compileGuest("echo.c");
  const guests = Array.from({ length: 4 }, (_, index) => new Guest(module, [String(index + 1)]));
  expect((await Promise.all(guests.map(({ result }) => result))).map(({ exitCode }) => exitCode)).toEqual([
    1, 2, 3, 4,
  ]);
});

test("nothing is run when the module is not valid", async () => {
  const nothing = new Writable({ write() {} });
  await expect(runWasm(new Uint8Array(), { args: [], stdout: nothing, stderr: nothing })).rejects.toThrow(
    MalformedError,
  );
});
