import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it, vi } from "vitest";
import { onTerminal, statuses } from "./terminal.ts";

const skep = `${process.execPath} ${fileURLToPath(new URL("../bin/skep.cjs", import.meta.url))}`;
const size = { columns: 60, rows: 20 };
/** The lines that a terminal shows after all this: what was erased is gone. */
function screen(sent: string): string[] {
  return sent
    .split("\n")
    .map((line) => line.split("\r\x1b[K").at(-1) ?? "")
    .filter((line) => line !== "");
}

describe("the status line", () => {
  const directory = mkdtempSync(join(tmpdir(), "skep-status-"));
  afterAll(() => rmSync(directory, { recursive: true }));

  /** Processes that exit with these codes. */
  const exit = (...codes: readonly number[]) => {
    for (const code of codes) {
      try {
        execFileSync("/bin/sh", ["-c", `exit ${code}`]);
      } catch {
        // As meant.
      }
    }
  };
  const isShown = (text: RegExp) => (sent: string) => statuses(sent).some((status) => text.test(status));

  it("says how long and how much below the rows, steps aside for each, and is gone at the end", async () => {
    const run = `exec ${skep} run exitsnoop --comm sh --filter 'exit_code >= 100' --duration 1h`;
    const { code, sent } = await onTerminal(size, run, async ({ until, type }) => {
      await until(isShown(/^exitsnoop: 0:01 of 1:00:00, 0 events, 0 lost$/));
      exit(101, 102);
      await until(isShown(/2 events/));
      exit(103);
      await until(isShown(/3 events/));
      await until(isShown(/^exitsnoop: 0:0[2-9]/));
      type("\x03");
    });
    expect(code).toBe(0);
    const [header, ...lines] = screen(sent);
    expect(header).toMatch(/^TIME +PID/);
    expect(lines.slice(0, 3).map((line) => /code (\d+)/.exec(line)?.[1])).toEqual(["101", "102", "103"]);
    for (const line of lines.slice(0, 3)) expect(line).toMatch(/^\d\d:\d\d:\d\d .*code \d+\s*$/);
    expect(lines.slice(3)).toEqual([expect.stringMatching(/^exitsnoop: 3 events, 0 lost, in \d+\.\d s$/)]);
    for (const status of statuses(sent)) expect(status.length).toBeLessThan(size.columns);
  });

  it("is there while rows go to a file, which knows nothing of it", async () => {
    const file = join(directory, "rows.json");
    const run = `exec ${skep} run exitsnoop --comm sh --filter 'exit_code >= 100' -o json > ${file}`;
    await onTerminal(size, run, async ({ until, type }) => {
      await until(isShown(/^exitsnoop: 0:01, 0 events, 0 lost$/));
      exit(104);
      await until(isShown(/1 event,/));
      type("\x03");
    });
    expect(
      readFileSync(file, "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).exit_code),
    ).toEqual([104]);
  });

  it.each([
    ["JSON on the terminal", "-o json", ""],
    ["--quiet", "--quiet", ""],
    ["a pipe", "", "| cat"],
    ["a terminal that knows no erasing", "", "", "TERM=dumb"],
  ])("is not there for %s", async (_, option, behind, before = "") => {
    const run = `${before} ${skep} run exitsnoop --comm nobody --duration 1.5s ${option} ${behind}`;
    const { sent } = await onTerminal(size, run, async () => {});
    expect(sent).not.toContain("\x1b");
  });

  it("is not there while a command prints on the same terminal", async () => {
    const run = `exec ${skep} run profile -- sh -c 'for i in 1 2 3; do echo $i; sleep 0.5; done'`;
    const { sent } = await onTerminal(size, run, async () => {});
    expect(sent).toContain("1\n2\n3\n");
    expect(sent).not.toContain("\x1b");
  });

  it("and its window may be closed: the run ends as others do, and leaves no core dump", async () => {
    const [rows, pid, status] = [join(directory, "rows"), join(directory, "pid"), join(directory, "status")];
    // The shell outlives the terminal, and tells how the run ended.
    const run = `trap '' HUP; sh -c 'echo $$ > ${pid}; exec ${skep} run exitsnoop > ${rows}'; echo $? > ${status}`;
    await onTerminal(size, run, async ({ until, close }) => {
      await until(isShown(/^exitsnoop: 0:01/));
      close();
    });
    process.kill(Number(readFileSync(pid, "utf8")), "SIGHUP");
    await vi.waitFor(() => expect(readFileSync(status, "utf8")).toBe("129\n"), 10_000);
    expect(readFileSync(rows, "utf8")).toMatch(/^TIME.*\n(?:.*\n)*$/);
  });
});
