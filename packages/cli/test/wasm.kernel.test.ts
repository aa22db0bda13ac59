import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { compileGuest, fromText } from "../../wasm/test/guests.ts";
import { SkepProcess } from "./skep-process.ts";

const folder = mkdtempSync(join(tmpdir(), "skep-wasm-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, module: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, module);
  return path;
}

/** Kernel ids of the eBPF programs that a process holds. */
function programsOf(pid: number): readonly string[] {
  const infos = readdirSync(`/proc/${pid}/fdinfo`).map((fd) =>
    readFileSync(`/proc/${pid}/fdinfo/${fd}`, "utf8"),
  );
  return infos.flatMap((info) => /^prog_id:\s*(\d+)/m.exec(info)?.[1] ?? []);
}

function isLoaded(id: string): boolean {
  return spawnSync("bpftool", ["prog", "show", "id", id]).status === 0;
}

test("ecli run gives a program its arguments and streams, and ends with its exit code", async () => {
  // What it is, its contents say.
  const path = file("echo.data", compileGuest("echo.c"));
  await using guest = new SkepProcess(["run", path, "9", "-h"], { command: "ecli" });
  guest.child.stdin?.end("input\n");
  expect(await guest.exit()).toEqual({ code: 9, signal: null });
  expect(guest.stdout).toBe(`[${path}][9][-h] no environment\ninput\n`);
  expect(guest.stderr).toBe("end\n");
});

test("Ctrl-C ends a program that polls, and detaches what it attached", async () => {
  await using guest = new SkepProcess(["run", file("events.wasm", compileGuest("events.c")), "1", "5"]);
  await guest.until(({ stdout }) => stdout.includes("attached"));
  const programs = programsOf(guest.pid);
  expect(programs.filter(isLoaded)).not.toEqual([]);
  expect(await guest.end()).toEqual({ code: 0, signal: null });
  // The program is told once, and may say something.
  expect(guest.stdout).toContain("poll: -4");
  expect(guest.stderr).toBe("");
  await expect.poll(() => programs.filter(isLoaded)).toEqual([]);
});

test("Ctrl-C ends a program that does not listen", async () => {
  const module = await fromText(`(module
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "\\08\\00\\00\\00\\06\\00\\00\\00going\\n")
    (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 20)))
      (loop $again (br $again))))`);
  await using guest = new SkepProcess(["run", file("loop.wasm", module)]);
  await guest.until(({ stdout }) => stdout.includes("going"));
  expect(await guest.end()).toEqual({ code: 0, signal: null });
});

test("a program that fails is one message and an exit code", async () => {
  const trap = await fromText(
    '(module (memory (export "memory") 1) (func $bad (export "_start") unreachable))',
  );
  await using trapped = new SkepProcess(["run", file("trap.wasm", trap)]);
  expect((await trapped.exit()).code).toBe(1);
  expect(trapped.stderr).toBe("skep: the WebAssembly program trapped: unreachable, in bad\n");

  const stranger = await fromText(
    '(module (import "other" "function" (func)) (memory (export "memory") 1) (func (export "_start")))',
  );
  await using unsupported = new SkepProcess(["run", file("stranger.wasm", stranger)]);
  expect((await unsupported.exit()).code).toBe(69);
  expect(unsupported.stderr).toContain("other.function");

  await using broken = new SkepProcess(["run", file("broken.wasm", trap.slice(0, 20))]);
  expect((await broken.exit()).code).toBe(65);
  expect(broken.stderr).toContain("not a valid WebAssembly module");
});

test("a C program includes what ecc --wasm-header writes", async () => {
  const fixtures = fileURLToPath(new URL("../../wasm/test/fixtures/", import.meta.url));
  await using ecc = new SkepProcess(["--wasm-header", "-o", folder, join(fixtures, "signals.bpf.c")], {
    command: "ecc",
  });
  expect((await ecc.exit()).code).toBe(0);
  const module = compileGuest("skeleton.c", [`-I${folder}`, "-Werror"]);
  await using guest = new SkepProcess(["run", file("skeleton.wasm", module)]);
  expect((await guest.exit()).code).toBe(0);
  expect(guest.stdout).toBe("package, object 1, attached 0\n");
});
