import { execFileSync, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { candidatesFor } from "../src/completion/candidates.ts";
import { completionScript, SHELLS } from "../src/completion/scripts.ts";

const bin = fileURLToPath(new URL("../bin/skep.cjs", import.meta.url));
const has = (shell: string) => spawnSync(shell, ["--version"]).status === 0;

/** Candidates that begin with the last word. */
async function complete(program: "skep" | "ecli" | "ecc", ...words: string[]): Promise<string[]> {
  const { list } = await candidatesFor(program, words);
  return list.map(({ value }) => value).filter((value) => value.startsWith(words.at(-1) ?? ""));
}

describe("a command line may go on", () => {
  it("with commands", async () => {
    expect(await complete("skep", "do")).toEqual(["doctor"]);
    expect(await complete("skep", "")).toEqual(
      expect.arrayContaining(["run", "compile", "tools", "completion"]),
    );
    expect(await complete("ecli", "pu")).toEqual(["push", "pull"]);
    expect(await complete("skep", "completion", "")).toEqual([...SHELLS]);
    expect(await complete("skep", "help", "comp")).toEqual(["compile", "completion"]);
  });

  it("with the bundled tools, and files", async () => {
    expect(await complete("skep", "run", "exi")).toEqual(["exitsnoop"]);
    expect(await complete("ecli", "run", "-j", "exi")).toEqual(["exitsnoop"]);
    expect((await candidatesFor("skep", ["run", "./"])).files).toBe(true);
    expect(await complete("ecli", "exitsnoop", "--js")).toEqual(["--json"]);
  });

  it("with each tool's own flags, and ours that mean something to it", async () => {
    expect(await complete("skep", "run", "exitsnoop", "--")).toEqual(
      expect.arrayContaining(["--json", "--duration"]),
    );
    expect(await complete("skep", "run", "bashreadline", "--b")).toEqual(["--binary", "--btf"]);
    expect(await complete("skep", "run", "exitsnoop", "--bi")).toEqual([]);
    const file = fileURLToPath(new URL("../../../tools/minimal/package.json", import.meta.url));
    expect(await complete("skep", "run", file, "--pid_f")).toEqual(["--pid_filter"]);
  });

  it("with values", async () => {
    expect(await complete("skep", "run", "exitsnoop", "-o", "")).toEqual(
      expect.arrayContaining(["table", "json", "csv"]),
    );
    const { list } = await candidatesFor("skep", ["run", "exitsnoop", "--output="]);
    expect(list.map(({ value }) => value)).toContain("csv");
    expect((await candidatesFor("skep", ["run", "bashreadline", "--binary", ""])).files).toBe(true);
    expect(await complete("skep", "run", "exitsnoop", "--count", "")).toEqual([]);
  });

  it("with the options of commands", async () => {
    expect(await complete("skep", "compile", "--out")).toEqual(["--output-path"]);
    expect(await complete("ecc", "--btfh")).toEqual(["--btfhub-archive"]);
    expect(await complete("skep", "push", "--mod")).toEqual(["--module"]);
    expect((await candidatesFor("ecc", ["hello.b"])).files).toBe(true);
  });
});

/** Asks a real shell, in which `skep` is the built command. */
describe("a real shell", () => {
  it.skipIf(!has("bash"))("bash completes tools and flags, and evaluates nothing", () => {
    const ask = (...words: string[]) => {
      const script = [
        completionScript("bash", "skep"),
        `skep() { ${process.execPath} ${bin} "$@"; }`,
        `COMP_WORDS=(skep ${words.map((word) => `'${word}'`).join(" ")})`,
        `COMP_CWORD=${words.length}`,
        "_skep_complete 2>/dev/null",
        `printf "%s\\n" "\${COMPREPLY[@]}"`,
      ];
      return execFileSync("bash", ["--norc", "-c", script.join("\n")], { encoding: "utf8" }).trim();
    };
    expect(ask("run", "exits")).toBe("exitsnoop");
    expect(ask("run", "exitsnoop", "--dur")).toBe("--duration");
    expect(ask("run", "$(echo exits)")).toBe("");
  });

  it.skipIf(!has("fish"))("fish completes tools and flags", () => {
    const ask = (line: string) => {
      const script = `function skep; ${process.execPath} ${bin} $argv; end; skep completion fish | source; complete -C '${line}'`;
      return execFileSync("fish", ["--no-config", "-c", script], { encoding: "utf8" });
    };
    expect(ask("skep run exits")).toMatch(/^exitsnoop\t/m);
    expect(ask("skep run exitsnoop --dur")).toMatch(/^--duration\t/m);
  });

  it.skipIf(!has("zsh"))("zsh completes tools and flags", () => {
    const script = `
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PS1=; autoload -U compinit; compinit -u -D; skep() { ${process.execPath} ${bin} \\"\\$@\\"; }; source <(skep completion zsh); echo re''ady"
zpty -r shell out '*ready*'
zpty -n -w shell $'skep run exits\\t'
zpty -r -m shell out '*exitsnoop*' && print found-tool
`;
    const { stdout } = spawnSync("zsh", ["-f", "-c", script], { encoding: "utf8", timeout: 20_000 });
    expect(stdout).toContain("found-tool");
  });

  it.each(SHELLS.filter(has))("%s reads the scripts of all three commands, one after the other", (shell) => {
    const text = ["skep", "ecc", "ecli"].map((command) => completionScript(shell, command)).join("");
    const args = shell === "fish" ? ["--no-config", "-c", text] : ["-n", "-c", text];
    const { status, stderr } = spawnSync(shell, args, { encoding: "utf8" });
    expect([status, stderr]).toEqual([0, ""]);
  });
});
