import { spawn, spawnSync } from "node:child_process";
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

describe("compiled code of the commands", () => {
  let root: string;
  let code: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "skep-launch-"));
    code = join(root, "dist/bundle/code");
    cpSync(at("../bin"), join(root, "bin"), { recursive: true });
    cpSync(at("../dist/bundle"), join(root, "dist/bundle"), { recursive: true });
    for (const name of caches()) rmSync(join(code, name));
    for (const name of ["minimal", "exitsnoop"])
      cpSync(at(`../../../tools/${name}/package.json`), join(root, "tools", name, "package.json"));
    cpSync(at("../../../node_modules/koffi"), join(root, "node_modules/koffi"), { recursive: true });
    cpSync(at("../../../node_modules/@koromix"), join(root, "node_modules/@koromix"), { recursive: true });
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const caches = () => readdirSync(code).filter((name) => name.includes(".cache"));
  const onlyCache = () => join(code, caches()[0] ?? "none");
  const skep = (...args: string[]) => [join(root, "bin/skep.cjs"), ...args];

  /** Runs a tool until it has printed and the condition holds. */
  async function trace(condition: () => boolean, flags: readonly string[] = []): Promise<string> {
    const child = spawn(process.execPath, [...flags, ...skep("run", "exitsnoop", "--json")]);
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    const ended = new Promise((resolve) => child.once("close", resolve));
    for (let tries = 0; tries < 400 && !(output.includes('"comm"') && condition()); tries++) {
      spawnSync("/bin/true");
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    child.kill("SIGINT");
    expect(await ended, output).toBe(0);
    expect(condition(), output).toBe(true);
    return output;
  }

  it("is kept by the first run that attaches a tool, and used by the next", async () => {
    expect(spawnSync(process.execPath, skep("run", "minimal", "--help")).status).toBe(0);
    expect(caches()).toEqual([]);

    await trace(() => caches().some((name) => name.endsWith(".cache")));
    expect(caches()).toHaveLength(1);
    expect(onlyCache()).toContain(`${process.version}-${process.arch}.cache`);
    const made = statSync(onlyCache());

    const output = await trace(() => true);
    expect(output).toContain('"comm":"true"');
    expect(statSync(onlyCache())).toMatchObject({ ino: made.ino, mtimeMs: made.mtimeMs });
  });

  it("is made anew when it is damaged, or V8 refuses it", async () => {
    await trace(() => caches().some((name) => name.endsWith(".cache")));
    const whole = statSync(onlyCache()).size;
    truncateSync(onlyCache(), whole / 2);
    await trace(() => statSync(onlyCache()).size > whole * 0.9);
    writeFileSync(onlyCache(), "");
    await trace(() => statSync(onlyCache()).size > whole * 0.9);
    const damaged = Uint8Array.from(readFileSync(onlyCache()), (byte, index) =>
      index % 5000 === 4999 ? byte ^ 0x41 : byte,
    );
    writeFileSync(onlyCache(), damaged);
    await trace(() => !readFileSync(onlyCache()).equals(damaged));
    const mended = readFileSync(onlyCache());
    await trace(() => !readFileSync(onlyCache()).equals(mended), ["--stack-size=900"]);
  });

  it("is done without where nobody may write", async () => {
    // Root may write anywhere but where there is a directory already.
    await trace(() => caches().length > 0);
    const name = onlyCache();
    rmSync(name);
    cpSync(join(root, "tools"), name, { recursive: true });
    expect(await trace(() => true)).toContain('"comm":"true"');
    expect(caches()).toHaveLength(1);
  });
});
