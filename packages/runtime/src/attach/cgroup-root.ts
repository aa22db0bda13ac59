import { readFileSync } from "node:fs";

/** Where the cgroup v2 hierarchy is mounted; where systemd puts it if nobody says. */
export function cgroupRoot(mounts = readMounts()): string {
  for (const line of mounts.split("\n")) {
    const [, point = "", type] = line.split(" ");
    if (type === "cgroup2") return unescapeMount(point);
  }
  return "/sys/fs/cgroup";
}

function readMounts(): string {
  try {
    return readFileSync("/proc/self/mounts", "utf8");
  } catch {
    return "";
  }
}

/** Spaces and the like are octal in that file (fs/proc_namespace.c, mangle). */
function unescapeMount(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
