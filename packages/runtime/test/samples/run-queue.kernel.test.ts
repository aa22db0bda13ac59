import { spawn } from "node:child_process";
import { once } from "node:events";
import type { JsonObject, Package } from "@skep/package";
import { describe, expect, it } from "vitest";
import { compileTool, RunningPackage } from "../running-package.ts";

/** `sample` as it stands in packages of eunomia's `ecc`, all of its keys given. */
function ofEunomia(pkg: Package): Package {
  const sample: JsonObject = { clear_map: false, interval: 1000, type: "log2_hist", unit: "usecs" };
  const maps = pkg.meta.bpf_skel.maps.map((map) => (map.name === "hists" ? { ...map, sample } : map));
  return { ...pkg, meta: { ...pkg.meta, bpf_skel: { ...pkg.meta.bpf_skel, maps } } };
}

describe("how long a process waited for a CPU", () => {
  it("is a histogram with a wait for each time that it slept", async () => {
    const shell = spawn("sh", ["-c", "read _; for i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.02; done; read _"], {
      stdio: ["pipe", "ignore", "ignore"],
    });
    const pkg = ofEunomia(await compileTool("run-queue.bpf.c"));
    const running = new RunningPackage(pkg, [
      "--target",
      String(shell.pid),
      "--interval",
      "1500ms",
      "--count",
      "1",
    ]);
    await using _ = await running.attached();
    shell.stdin.write("\n");
    await running.end;
    shell.kill("SIGKILL");
    await once(shell, "close");

    const lines = running.stdout.split("\n");
    expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d$/);
    expect(lines[1]).toBe(`key =  ${shell.pid}`);
    expect(lines[2]).toBe("comm = sh");
    expect(lines[3]).toBe("     usecs               : count    distribution");
    const rows = lines.slice(4).filter((line) => line !== "");
    for (const row of rows) expect(row).toMatch(/^ {0,9}\d+ -> \d+ +: \d+ +\|\*{0,40} *\|$/);
    const waits = rows.reduce((sum, row) => sum + Number(/: (\d+)/.exec(row)?.[1]), 0);
    // Once for the line, and once for each of the ten sleeps that the shell waits for; a few more when it is interrupted.
    expect(waits).toBeGreaterThanOrEqual(11);
    expect(waits).toBeLessThan(60);
  });
});
