import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { machine, release, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readPackage } from "@skep/package";
import { packTar } from "modern-tar";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { command } from "./command.ts";
import { hasRegistry, RegistryServer } from "./registry-server.ts";
import { SkepProcess } from "./skep-process.ts";

const PACKAGE = fileURLToPath(new URL("../../../tools/exitsnoop/package.json", import.meta.url));
const TYPES = "/sys/kernel/btf/vmlinux";

let directory: string;
const at = (name: string): string => join(directory, name);

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "skep-inputs-"));
  const json = readFileSync(PACKAGE);
  const document = { header: { name: "package.json", size: json.length }, body: json };
  writeFileSync(at("x.yaml"), stringify(JSON.parse(json.toString())));
  writeFileSync(at("x.o"), readPackage(json).object);
  writeFileSync(at("plain.tar"), await packTar([document]));
  const other = { header: { name: "btfhub-archive/amzn/2/x86_64/4.14.1.btf", size: 1 }, body: "x" };
  writeFileSync(at("other.tar"), await packTar([other, document]));
  const renamed = JSON.parse(json.toString());
  renamed.meta.bpf_skel.obj_name = "\x1b[2Jred";
  const hostile = Buffer.from(JSON.stringify(renamed));
  writeFileSync(
    at("hostile.tar"),
    await packTar([other, { header: { name: "package.json", size: hostile.length }, body: hostile }]),
  );
  if (!existsSync(TYPES)) return;
  const types = readFileSync(TYPES);
  const name = `btfhub-archive/${osRelease("ID")}/${osRelease("VERSION_ID")}/${machine()}/${release()}.btf`;
  writeFileSync(
    at("types.tar"),
    await packTar([{ header: { name, size: types.length }, body: types }, document]),
  );
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** As the shell reads it. */
function osRelease(name: string): string {
  return spawnSync("sh", ["-c", `. /etc/os-release; printf %s "$${name}"`], { encoding: "utf8" }).stdout;
}

/** Ends a process of ours with a telling code, and waits for the tool to say so. */
async function seesAnExit(
  skep: SkepProcess,
  telling: (output: string, pid: number) => boolean,
): Promise<void> {
  await skep.attached();
  const { pid } = spawnSync("sh", ["-c", "exit 93"]);
  await skep.until(({ stdout }) => telling(stdout, pid));
  expect(await skep.end()).toMatchObject({ code: 0 });
}

const asJson = (output: string, pid: number): boolean =>
  output
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as { pid?: number; exit_code?: number })
    .some((event) => event.pid === pid && event.exit_code === 93);

/** Little-endian bytes of a 32-bit number, as records of no known type show them. */
const hex = (value: number): string => Buffer.from(Uint32Array.of(value).buffer).toString("hex");

/** Runs in a mount namespace in which the kernel offers no types. */
const WITHOUT_TYPES = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none /sys/kernel/btf && exec "$@"', "sh"];

describe("a program of any kind", () => {
  it.each(["x.yaml", "plain.tar"])("reports what happens: %s", async (name) => {
    await using skep = new SkepProcess(["run", "-j", at(name)]);
    await seesAnExit(skep, asJson);
  });

  it("reports records as bytes when it is an object that says no more", async () => {
    await using skep = new SkepProcess(["run", at("x.o")]);
    await seesAnExit(skep, (output, pid) => output.includes(hex(pid)));
  });

  it("runs from standard input", async () => {
    await using skep = new SkepProcess(["run", "-j", "-"], { command: "ecli" });
    skep.child.stdin?.end(readFileSync(at("plain.tar")));
    await seesAnExit(skep, asJson);
  });

  it("runs from a registry", async (ctx) => {
    if (!hasRegistry()) ctx.skip("needs docker-registry, skopeo and apache2-utils");
    await using server = await RegistryServer.start();
    const image = `${server.host}/exitsnoop:1`;
    expect(await command(["push", PACKAGE, image])).toMatchObject({ code: 0 });
    await using skep = new SkepProcess(["run", "-j", image]);
    await seesAnExit(skep, asJson);
  });
});

describe("an archive with kernel types", () => {
  it("is used where the kernel offers none", async (ctx) => {
    if (!existsSync(TYPES)) ctx.skip("this kernel has no BTF to pack");
    await using skep = new SkepProcess(["run", "-j", at("types.tar")], { prefix: WITHOUT_TYPES });
    await seesAnExit(skep, asJson);
  });

  it("that has none for this kernel says so", async () => {
    const ran = await command(["run", at("other.tar")], { prefix: WITHOUT_TYPES });
    expect(ran).toMatchObject({ code: 69, stdout: "" });
    expect(ran.stderr).toContain(`the archive has no types for ${osRelease("ID")}/`);
    expect(ran.stderr).toContain("offers no BTF");
    const { stderr } = await command(["run", at("hostile.tar")], { prefix: WITHOUT_TYPES });
    expect(stderr).toContain("\\x1b[2Jred: the archive has no types");
    expect(stderr).not.toContain("\x1b");
  });
});
