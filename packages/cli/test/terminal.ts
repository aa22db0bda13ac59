import { spawn } from "node:child_process";
import { once } from "node:events";

/** A process on a terminal of its own. */
export interface OnTerminal {
  /** All that the terminal was sent so far. */
  readonly sent: () => string;
  readonly type: (keys: string) => void;
  /** Closes the window. */
  readonly close: () => void;
  /** Resolves when what was sent is so; fails at its end, and after 30 seconds. */
  readonly until: (condition: (sent: string) => boolean) => Promise<void>;
}

/** Runs a command of the shell on a terminal; `during` has to see to it that it ends. */
export async function onTerminal(
  { columns, rows }: { readonly columns: number; readonly rows: number },
  command: string,
  during: (terminal: OnTerminal) => Promise<void>,
): Promise<{ readonly code: number; readonly sent: string }> {
  const line = `stty cols ${columns} rows ${rows}; ${command}`;
  const script = spawn("script", ["-qfec", line, "/dev/null"], { stdio: ["pipe", "pipe", "inherit"] });
  let sent = "";
  script.stdout.setEncoding("utf8").on("data", (text: string) => {
    sent += text;
  });
  const ended = once(script, "close");
  let over = false;
  void ended.then(() => {
    over = true;
  });
  try {
    await during({
      sent: () => sent,
      type: (keys) => void script.stdin.write(keys),
      close: () => void script.kill("SIGKILL"),
      async until(condition) {
        for (const end = Date.now() + 30_000; !condition(sent); ) {
          if (over || Date.now() > end)
            throw new Error(
              `${over ? "ended" : "30 seconds, and"} nothing of the kind: ${JSON.stringify(sent.slice(-500))}`,
            );
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      },
    });
  } catch (error) {
    script.kill("SIGHUP");
    throw error;
  }
  const [code] = await ended;
  return { code, sent: sent.replaceAll("\r\n", "\n") };
}

/** The status line, erased and drawn. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: what terminals are sent
const STATUS = /(?:\r\x1b\[K)+|\x1b\[2m(.*?)\x1b\[22m/g;

/** What the status line said, in turn. */
export function statuses(sent: string): string[] {
  return [...sent.matchAll(STATUS)].flatMap(([, text]) => text ?? []);
}

export function withoutStatus(sent: string): string {
  return sent.replace(STATUS, "");
}
