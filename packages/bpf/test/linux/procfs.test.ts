import { describe, expect, it } from "vitest";
import { parseMaps, parseMountinfo } from "../../src/linux/procfs.ts";
import { findTracefs } from "../../src/linux/tracefs.ts";

const mountinfo = String.raw`22 27 0:20 / /proc rw,nosuid shared:12 - proc proc rw
30 23 0:12 / /sys/kernel/tracing rw,nosuid shared:17 - tracefs tracefs rw
31 23 0:12 /events /mnt/events rw - tracefs tracefs rw
32 23 0:33 / /mnt/my\040disk rw shared:1 master:2 propagate_from:3 - ext4 /dev/sda1 rw
truncated 1 2
`;

describe("mounts", () => {
  it("are read whatever optional fields they have", () => {
    expect(parseMountinfo(mountinfo)).toEqual([
      { root: "/", point: "/proc", type: "proc" },
      { root: "/", point: "/sys/kernel/tracing", type: "tracefs" },
      { root: "/events", point: "/mnt/events", type: "tracefs" },
      { root: "/", point: "/mnt/my disk", type: "ext4" },
    ]);
  });
});

describe("tracefs", () => {
  const never = () => false;

  it("is the usual place when mounted there", () => {
    expect(findTracefs(parseMountinfo(mountinfo), never)).toBe("/sys/kernel/tracing");
  });

  it("is any other place where all of it is mounted", () => {
    const elsewhere = [
      { root: "/events", point: "/mnt/events", type: "tracefs" },
      { root: "/", point: "/mnt/all", type: "tracefs" },
    ];
    expect(findTracefs(elsewhere, never)).toBe("/mnt/all");
  });

  it("is below debugfs when that mounts it by itself", () => {
    expect(findTracefs([], (path) => path === "/sys/kernel/debug/tracing/events")).toBe(
      "/sys/kernel/debug/tracing",
    );
    expect(findTracefs([], never)).toBeUndefined();
  });
});

describe("memory of a process", () => {
  it("is read with names that hold spaces", () => {
    const regions =
      parseMaps(`55d0c0a00000-55d0c0a01000 r-xp 00002000 fe:00 1234                       /opt/my app (deleted)
7ffd1c000000-7ffd1c021000 rw-p 00000000 00:00 0
7fff00000000-7fff00001000 r-xp 00000000 00:00 0                          [vdso]
not a line`);
    expect(regions).toHaveLength(3);
    expect(regions[0]).toEqual({
      start: 0x55d0c0a00000n,
      end: 0x55d0c0a01000n,
      permissions: "r-xp",
      offset: 0x2000n,
      inode: 1234,
      path: "/opt/my app (deleted)",
    });
    expect(regions[1]?.path).toBe("");
    expect(regions[2]?.path).toBe("[vdso]");
  });
});
