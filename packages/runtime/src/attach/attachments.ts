import {
  type AttachOptions,
  findBinary,
  type LinkKind,
  mappedBinaries,
  NotFoundError,
  type ProgramSpec,
  type SampleEvent,
} from "@skep/bpf";
import { isJsonArray, isJsonObject, type JsonObject, type ProgramMeta } from "@skep/package";
import { functionOf, isBareProbe, isOnInterface, isUprobe } from "../arguments/abilities.ts";
import { cgroupDirectory } from "../arguments/filters.ts";
import type { OwnValues } from "../arguments/own-options.ts";
import type { ToolArguments } from "../arguments/parse-arguments.ts";
import { UsageError } from "../usage-error.ts";
import { chooseBinary } from "./choose-binary.ts";
import { fromTcHook, fromXdpFlags } from "./interface-notes.ts";
import { programAims, readProgramAim } from "./program-aims.ts";

/** Where to attach, as far as it is not the program's own business. */
export interface Aim {
  readonly pids?: readonly number[];
  readonly binary?: string;
  /** Where the function may be, when `binary` does not say; the first that has it counts. */
  readonly binaries?: readonly string[];
  readonly function?: string;
  /** `provider:name`; each part may be empty, and is then the program's own. */
  readonly usdt?: string;
  readonly interfaces?: readonly (string | number)[];
  readonly cgroup?: string;
  readonly frequency?: number;
  readonly event?: string;
  /** By program, where several leave open what they probe. */
  readonly at?: ReadonlyMap<string, string>;
  /** Programs that are attached nowhere. */
  readonly without?: ReadonlySet<string>;
}

/** What the command line says. @throws {UsageError} */
export function aimOf({ own, lists }: ToolArguments): Aim {
  const aim: { -readonly [Key in keyof Aim]: Aim[Key] } = {};
  const pid = own.get("pid");
  if (pid !== undefined) aim.pids = pid.split(",").map((text) => positive("pid", text));
  const [binary, name] = [own.get("binary"), own.get("function")];
  if (binary !== undefined) aim.binary = binary;
  if (name !== undefined) aim.function = name;
  const usdt = usdtOf(own);
  if (usdt !== undefined) aim.usdt = usdt;
  const interfaces = lists.get("iface");
  if (interfaces !== undefined) aim.interfaces = interfaces.flatMap(interfaceNames);
  const cgroup = own.get("cgroup");
  if (cgroup !== undefined) aim.cgroup = cgroup;
  const frequency = own.get("freq");
  if (frequency !== undefined) aim.frequency = positive("freq", frequency);
  const event = own.get("event");
  if (event !== undefined) aim.event = event;
  const [at, without] = [lists.get("at"), lists.get("without")];
  if (at !== undefined) aim.at = programAims(at);
  if (without !== undefined) aim.without = new Set(without);
  return aim;
}

function usdtOf(own: OwnValues): string | undefined {
  const text = own.get("usdt");
  if (text !== undefined) {
    if (/^[^:]+:[^:]+$/.test(text)) return text;
    throw new UsageError(
      `--usdt: ${JSON.stringify(text)} is not of the form PROVIDER:NAME`,
      "write --usdt python:function__entry, or --provider and --probe",
    );
  }
  const [provider, probe] = [own.get("provider"), own.get("probe")];
  return provider === undefined && probe === undefined ? undefined : `${provider ?? ""}:${probe ?? ""}`;
}

/** `eth0,eth1`; an interface may be given by its index. */
function interfaceNames(text: string): (string | number)[] {
  return text
    .split(",")
    .filter((name) => name !== "")
    .map((name) => (/^\d+$/.test(name) ? Number(name) : name));
}

function positive(option: string, text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number > 0 && number <= 0x7fff_ffff) return number;
  throw new UsageError(
    `--${option}: ${JSON.stringify(text)} is not a positive integer`,
    "give a number from 1 to 2147483647",
  );
}

/**
 * Where a program is to be attached: nowhere (`@attach false`), in one place, or on several interfaces. The command line goes
 * before `@attach`, and that before the annotations of older packages and SEC().
 * @throws {UsageError} for what nobody has said and cannot be guessed
 */
export function attachmentsOf(
  program: ProgramSpec,
  note: ProgramMeta | undefined,
  aim: Aim,
): AttachOptions[] {
  if (note?.attach_to === false || aim.without?.has(program.name)) return [];
  const { definition } = program;
  const at = aim.at?.get(program.name);
  const own = at === undefined ? {} : readProgramAim(program, at);
  const wish: Aim = { ...declaredAim(note), ...aim, ...own };
  const kind = definition?.link;
  if (isUprobe(kind)) return uprobesOf(program, wish);
  if (isBareProbe(program)) return [{ target: requiredFunction(program, wish) }];
  if (kind === "usdt") return probesOf(usdtTarget(program, wish), wish);
  if (kind === "perf_event") return inEach(sampleOf(wish), wish);
  if (isOnInterface(kind)) return interfacesOf(kind, note, wish);
  if (kind === "cgroup") return [{ cgroup: requiredCgroup(program, wish) }];
  return [{}];
}

/** `@attach {…}`. The package has it under `attach_to`: `attach` there is the SEC() name. */
function declaredAim(note: ProgramMeta | undefined): Aim {
  const declared = note?.attach_to;
  if (!isJsonObject(declared)) return {};
  const text = (key: string) => (typeof declared[key] === "string" ? (declared[key] as string) : undefined);
  const number = (key: string) => (typeof declared[key] === "number" ? (declared[key] as number) : undefined);
  const interfaces = [declared.interface ?? declared.interfaces ?? []].flat() as readonly unknown[];
  const named = interfaces.filter((one) => typeof one === "string" || typeof one === "number");
  return defined({
    pids: typeof declared.pid === "number" ? [declared.pid] : undefined,
    binary: text("binary"),
    binaries: isJsonArray(declared.binary)
      ? declared.binary.filter((one) => typeof one === "string")
      : undefined,
    function: text("function"),
    usdt: text("usdt"),
    cgroup: text("cgroup"),
    frequency: number("frequency"),
    event: text("event"),
    interfaces: named.length === 0 ? undefined : named,
  });
}

function defined(aim: { readonly [Key in keyof Aim]: Aim[Key] | undefined }): Aim {
  return Object.fromEntries(Object.entries(aim).filter(([, value]) => value !== undefined));
}

/** In each of the processes that are meant, or wherever it happens. */
function inEach(options: AttachOptions, { pids }: Aim): AttachOptions[] {
  return pids === undefined ? [options] : pids.map((pid) => ({ ...options, pid }));
}

/**
 * In the processes that are meant. A library that is where only those who use it know it (libjvm.so) is probed in every file
 * of that name that some process has loaded.
 */
function probesOf(target: string, aim: Aim): AttachOptions[] {
  const [, binary = "", rest = ""] = /^([^:/]+)(:.+)$/.exec(target) ?? [];
  if (aim.pids !== undefined || binary === "" || isFound(binary)) return inEach({ target }, aim);
  const files = mappedBinaries(binary);
  if (files.length > 0) return files.map((file) => ({ target: `${file}${rest}` }));
  throw new UsageError(
    `no process uses ${binary} at the moment, and it is not among the system's own`,
    "start one first, or add --binary PATH",
  );
}

function isFound(binary: string): boolean {
  try {
    findBinary(binary);
    return true;
  } catch (error) {
    if (error instanceof NotFoundError) return false;
    throw error;
  }
}

/** Where a uprobe goes, in each of the processes that are meant. */
function uprobesOf(program: ProgramSpec, wish: Aim): AttachOptions[] {
  const own = binaryOf(program);
  const candidates = wish.binaries ?? (own === "" ? [] : [own]);
  const symbol = wish.function ?? functionOf(program);
  const said = wish.binary !== undefined || candidates.length === 0 || symbol === "";
  const target = (pid?: number) =>
    uprobeTarget(program, said ? wish : { ...wish, binary: chooseBinary(candidates, symbol, pid) });
  if (wish.pids !== undefined) return wish.pids.map((pid) => ({ target: target(pid), pid }));
  return probesOf(candidates.length > 1 ? target() : uprobeTarget(program, wish), wish);
}

/** The binary that SEC() of a uprobe names; empty when it names none. */
function binaryOf({ target = "" }: ProgramSpec): string {
  const colon = target.lastIndexOf(":");
  return colon < 0 ? target : target.slice(0, colon);
}

/** What SEC() leaves open, or the command line replaces: `path:function`. */
function uprobeTarget(program: ProgramSpec, aim: Aim): string {
  const { section, name } = program;
  const binary = aim.binary ?? binaryOf(program);
  const symbol = aim.function ?? functionOf(program);
  if (binary === "" || symbol === "") {
    const missing = [binary === "" ? "--binary PATH" : "", symbol === "" ? "--function NAME" : ""];
    throw new UsageError(
      `SEC("${section}") of program ${name} does not say what to probe`,
      `add ${missing.filter((option) => option !== "").join(" and ")}, or --at ${name}=[BINARY:]FUNCTION, or --without ${name}`,
    );
  }
  return `${binary}:${symbol}`;
}

function requiredFunction({ section, name }: ProgramSpec, aim: Aim): string {
  if (aim.function !== undefined) return aim.function;
  throw new UsageError(
    `SEC("${section}") of program ${name} does not say what to probe`,
    "add --function NAME, a function of the kernel",
  );
}

function usdtTarget({ target = "", section, name }: ProgramSpec, aim: Aim): string {
  const [, ownBinary = "", ownProvider = "", ownProbe = ""] =
    /^(.*):([^:]*):([^:]*)$/.exec(target) ?? (target === "" ? [] : [target, target]);
  const [provider = "", probe = ""] = (aim.usdt ?? ":").split(":");
  const parts = [aim.binary ?? ownBinary, provider || ownProvider, probe || ownProbe];
  if (parts.every((part) => part !== "")) return parts.join(":");
  const missing = [
    parts[0] === "" ? "--binary PATH" : "",
    parts[1] === "" || parts[2] === "" ? "--usdt PROVIDER:NAME" : "",
  ];
  throw new UsageError(
    `SEC("${section}") of program ${name} does not say which probe`,
    `add ${missing.filter((option) => option !== "").join(" and ")}, or --at ${name}=[BINARY:]PROVIDER:NAME, or --without ${name}`,
  );
}

function sampleOf({ frequency, event }: Aim): Pick<AttachOptions, "sample"> {
  return {
    sample: {
      ...(frequency === undefined ? {} : { frequency }),
      // The library names the events there are when this is none.
      ...(event === undefined ? {} : { event: event as SampleEvent }),
    },
  };
}

/** As eunomia's loader: without any word the interface of index 1, which is the loopback. */
const LOOPBACK = 1;

function interfacesOf(kind: LinkKind | undefined, note: JsonObject | undefined, aim: Aim): AttachOptions[] {
  const declared = kind === "xdp" ? fromXdpFlags(note) : fromTcHook(note);
  if (kind === "socket_filter" && aim.interfaces === undefined)
    throw new UsageError("the program looks at packets, of no interface in particular", "add --iface NAME");
  const interfaces = aim.interfaces ?? [declared.interface ?? LOOPBACK];
  return interfaces.map((one) => ({ ...declared, interface: one }));
}

function requiredCgroup({ section, name }: ProgramSpec, { cgroup }: Aim): string {
  if (cgroup !== undefined) return cgroupDirectory(cgroup);
  throw new UsageError(
    `SEC("${section}") of program ${name} does not say which cgroup`,
    "add --cgroup PATH; --cgroup / means all processes",
  );
}
