import { readFileSync, statSync } from "node:fs";
import { readSpec } from "@skep/bpf";
import { readPackage } from "@skep/package";
import { type Candidate, type Candidates, readTool, toolCandidates } from "@skep/runtime";
import type { Command } from "commander";
import { bundledToolPath, bundledTools } from "../bundled-tools.ts";
import { SHELLS } from "./scripts.ts";

const FILES: Candidates = { list: [], files: true };
const NONE: Candidates = { list: [], files: false };

const SKEP: Readonly<Record<string, string>> = {
  run: "Run a program",
  compile: "Compile a .bpf.c file into a package",
  tools: "List the bundled tools",
  doctor: "Say what this machine can do",
  btf: "Print kernel types as C",
  push: "Send a program to an OCI registry",
  pull: "Fetch one from an OCI registry",
  login: "Keep a login to a registry",
  logout: "Forget it",
  sign: "Sign a package or module",
  verify: "Check its signature",
  completion: "Print a script for a shell's completion",
  help: "Print help",
};
const ECLI = ["run", "push", "pull", "login", "logout", "help"];

/** How the last word of a command line may go on. */
export async function candidatesFor(
  program: "skep" | "ecli" | "ecc",
  words: readonly string[],
): Promise<Candidates> {
  if (program === "ecc") return ofCommand(await commander("compile"), words);
  const [command = "", ...rest] = words;
  if (rest.length === 0) {
    const names = program === "skep" ? Object.keys(SKEP) : ECLI;
    const list = names.map((value) => ({ value, description: SKEP[value] ?? "" }));
    return {
      list: [...list, ...options({ "--help": "Print help", "--version": "Print version" })],
      files: program === "ecli",
    };
  }
  switch (command) {
    case "run":
      return ofRun(rest);
    case "compile":
    case "push":
    case "pull":
    case "login":
    case "logout":
    case "sign":
    case "verify":
      return ofCommand(await commander(command), rest);
    case "tools":
      return { list: options({ "--json": "One JSON object per tool" }), files: false };
    case "doctor":
      return {
        list: options({ "--json": "One JSON object", "--no-tools": "Do not try the tools" }),
        files: false,
      };
    case "btf":
      return rest.length === 1 ? { list: options({ dump: "Print types" }), files: false } : FILES;
    case "completion":
      return { list: SHELLS.map((value) => ({ value, description: "" })), files: false };
    case "help":
      return { list: options(SKEP), files: false };
    default:
      return program === "ecli" ? ofRun(words) : NONE;
  }
}

const RUN_OPTIONS = {
  "--json": "One JSON object per event",
  "--require-signature": "Run only what is signed with this key",
  "--insecure": "Plain http, for registries that are not on this machine",
  "--help": "Print help",
};

/** Options, a program, and what the program itself takes. */
function ofRun(words: readonly string[]): Candidates {
  let index = 0;
  while (index < words.length - 1 && words[index]?.startsWith("-") && words[index] !== "-")
    index += words[index] === "--require-signature" || words[index] === "-p" ? 2 : 1;
  if (index < words.length - 1) return ofProgram(words[index] ?? "", words.slice(index + 1));
  if (index > words.length - 1) return FILES;
  const tools = bundledTools().map(({ name, description }) => ({ value: name, description }));
  return { list: [...tools, ...options(RUN_OPTIONS)], files: true };
}

function ofProgram(program: string, words: readonly string[]): Candidates {
  const pkg = readIfPackage(bundledToolPath(program) ?? program);
  if (pkg === undefined) return FILES;
  return toolCandidates(readTool(program, readSpec(pkg.object), pkg).options, words);
}

/** Larger files than packages are; nobody waits for completion. */
const MAX_BYTES = 8 * 2 ** 20;

function readIfPackage(path: string): ReturnType<typeof readPackage> | undefined {
  try {
    const { size } = statSync(path);
    return size > MAX_BYTES ? undefined : readPackage(readFileSync(path));
  } catch {
    return undefined;
  }
}

async function commander(
  name: Parameters<typeof import("../commands/registry-commands.ts").registryCommandOf>[0] | "compile",
) {
  if (name === "compile") return (await import("../commands/compile.ts")).compileCommand("compile");
  return (await import("../commands/registry-commands.ts")).registryCommandOf(name, "skep");
}

function ofCommand(command: Command, words: readonly string[]): Candidates {
  const before = command.options.find(({ long, short }) => [long, short].includes(words.at(-2)));
  if (before !== undefined && (before.required || before.optional)) return FILES;
  const word = words.at(-1) ?? "";
  if (!word.startsWith("-")) return FILES;
  return {
    list: command.options.flatMap(({ long, description }) =>
      long === undefined || long === null ? [] : [{ value: long, description }],
    ),
    files: false,
  };
}

function options(words: Readonly<Record<string, string>>): Candidate[] {
  return Object.entries(words).map(([value, description]) => ({ value, description }));
}
