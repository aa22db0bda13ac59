import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SkepProcess } from "../skep-process.ts";
import { NativeProgram } from "./native.ts";
import { NetworkPair } from "./network-pair.ts";

const NOBODY = 65534;
const AF_INET = 2;
/** Root's `tcp` connects to the one over IPv4, nobody's `others` to the other over IPv6. */
const [V4_PORT, V6_PORT] = [9100, 9101];

const CGROUPS = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"].find((root) =>
  existsSync(`${root}/cgroup.procs`),
);
const group = `skep-tcp-filters-${process.pid}`;

let net: NetworkPair;
let program: NativeProgram;
let directory: string;
/** The same program under another name. */
let others: string;

beforeAll(() => {
  program = new NativeProgram("tcp");
  net = new NetworkPair();
  directory = mkdtempSync(join(tmpdir(), "skep-tcp-filters-"));
  chmodSync(directory, 0o755);
  others = join(directory, "others");
  symlinkSync(program.path, others);
  if (CGROUPS !== undefined) mkdirSync(`${CGROUPS}/${group}/below`, { recursive: true });
});

afterAll(() => {
  net[Symbol.dispose]();
  program[Symbol.dispose]();
  rmSync(directory, { recursive: true });
  if (CGROUPS === undefined) return;
  rmdirSync(`${CGROUPS}/${group}/below`);
  rmdirSync(`${CGROUPS}/${group}`);
});

/** A process that becomes the client when it is told to. */
function client(command: string): ChildProcess {
  const child = net.spawn(net.client, "sh", "-c", `read go; exec ${command}`);
  child.stdout?.resume();
  return child;
}

async function talk(child: ChildProcess, address: string, port: number): Promise<void> {
  const server = await net.ready(net.server, program.path, "echo", address, String(port));
  const ended = [once(child, "exit"), once(server, "exit")];
  child.stdin?.end("go\nend\n");
  await Promise.all(ended);
}

interface Seen {
  readonly key?: Seen;
  readonly family: number;
  readonly lport?: number;
  readonly rport?: number;
  readonly local?: string;
}

/** `client 9100`: which end of which connection an event is of. */
function endOf(event: Seen): string {
  const { family, lport = 0, rport = 0, local } = event.key ?? event;
  const port = family === AF_INET ? V4_PORT : V6_PORT;
  const isClient = local === undefined ? rport === port : /[.:]1$/.test(local);
  return isClient ? `client ${port}` : lport === port || local !== undefined ? `server ${port}` : "none";
}

const [CLIENT_4, SERVER_4] = [`client ${V4_PORT}`, `server ${V4_PORT}`];
const [CLIENT_6, SERVER_6] = [`client ${V6_PORT}`, `server ${V6_PORT}`];

type Case = readonly [args: readonly string[], ends: readonly string[]];

const CONNECTIONS: readonly Case[] = [
  [["-4"], [CLIENT_4, SERVER_4]],
  [["--ipv6"], [CLIENT_6, SERVER_6]],
  [["-L", String(V4_PORT)], [SERVER_4]],
  [["--rports", `1,${V6_PORT}`], [CLIENT_6]],
  [
    ["--laddrs", "fd77::1,10.77.0.1"],
    [CLIENT_4, CLIENT_6],
  ],
  [
    ["-A", "10.77.0.0/24"],
    [CLIENT_4, SERVER_4],
  ],
  [["--raddrs", "fd77::/120", "--lports", String(V6_PORT)], [SERVER_6]],
];

const PROCESSES = (pid: string): readonly Case[] => [
  [["--pid", pid], [CLIENT_4]],
  [["--tid", pid], [CLIENT_4]],
  [["--comm", "others"], [CLIENT_6]],
  [["--uid", "nobody"], [CLIENT_6]],
  [["--uid", "nobody", "--pid", pid], []],
  ...(CGROUPS === undefined ? [] : ([[["--cgroup", `/${group}`], [CLIENT_4]]] as const)),
];

/** Of a tool that looks at the side that connects alone. */
const onlyClients = (cases: readonly Case[]): readonly Case[] =>
  cases.map(([args, ends]) => [args, ends.filter((end) => end.startsWith("client"))]);

const TOOLS: readonly {
  readonly name: string;
  readonly args: readonly string[];
  cases(pid: string): readonly Case[];
}[] = [
  {
    name: "tcpconnlat",
    args: ["tcpconnlat"],
    cases: (pid) => [...onlyClients(CONNECTIONS), ...PROCESSES(pid)],
  },
  {
    name: "tcpstates",
    args: ["tcpstates"],
    cases: (pid) => [...CONNECTIONS, [["--pid", pid], [CLIENT_4]], [["--comm", "others"], [CLIENT_6]]],
  },
  { name: "tcprtt", args: ["tcprtt", "--by", "both"], cases: () => CONNECTIONS },
  { name: "tcptop", args: ["tcptop"], cases: (pid) => [...CONNECTIONS, ...PROCESSES(pid)] },
];

describe("every filter of the tools that look at connections", () => {
  it.for(TOOLS)("$name", async ({ args, cases }) => {
    const one = client(`${program.path} send 10.77.0.2 ${V4_PORT} 100 3`);
    const other = client(`setpriv --reuid=${NOBODY} --clear-groups ${others} send fd77::2 ${V6_PORT} 100 3`);
    if (CGROUPS !== undefined) writeFileSync(`${CGROUPS}/${group}/below/cgroup.procs`, String(one.pid));
    const all = cases(String(one.pid));
    const runs = all.map(([filter]) => new SkepProcess(["run", ...args, ...filter, "--json"]));
    try {
      await Promise.all(runs.map((run) => run.attached()));
      await talk(one, "10.77.0.2", V4_PORT);
      await talk(other, "fd77::2", V6_PORT);
      for (const run of runs) expect((await run.end()).code, run.stderr).toBe(0);
      for (const [index, [filter, ends]] of all.entries()) {
        const seen = runs[index]!.events<Seen>().map(endOf);
        const known = [CLIENT_4, CLIENT_6, SERVER_4, SERVER_6];
        expect([...new Set(seen)].filter((end) => known.includes(end)).sort(), filter.join(" ")).toEqual(
          ends,
        );
      }
    } finally {
      for (const run of runs) await run[Symbol.asyncDispose]();
    }
  });
});
