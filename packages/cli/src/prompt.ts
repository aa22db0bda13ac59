import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { UsageError } from "@skep/runtime";

/** Asks on the terminal, and shows what is typed. @throws {UsageError} when nobody is there to answer */
export function ask(question: string): Promise<string> {
  return readAnswer(question, process.stderr);
}

/** As `ask`; what is typed is not shown. */
export function askSecret(question: string): Promise<string> {
  return readAnswer(question, new Writable({ write: (_chunk, _encoding, done) => done() }));
}

async function readAnswer(question: string, echo: NodeJS.WritableStream): Promise<string> {
  if (!process.stdin.isTTY)
    throw new UsageError("there is no terminal to ask on", "give -u and -p, or --password-stdin");
  // This takes the terminal's own echo off: nothing may be typed before.
  const lines = createInterface({ input: process.stdin, output: echo, terminal: true });
  process.stderr.write(question);
  try {
    return await new Promise<string>((resolve, reject) => {
      lines.once("line", resolve);
      lines.once("close", () => reject(new UsageError("no answer was given", "")));
      lines.once("SIGINT", () => process.exit(130));
    });
  } finally {
    lines.close();
    if (echo !== process.stderr) process.stderr.write("\n");
  }
}
