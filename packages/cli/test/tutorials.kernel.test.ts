import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SkepProcess } from "./skep-process.ts";
import { NetworkPair } from "./tools/network-pair.ts";
import { runToEnd } from "./tools/trace.ts";

/**
 * Programs of the shapes that people start from (docs/tutorials.md): written for a loader of their own, without a word for
 * ours. The sources are ours.
 */
const HEAD = `#include "vmlinux.h"
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
char LICENSE[] SEC("license") = "GPL";
`;

const SOURCES = {
  /** What its loader would put into a map. */
  legacy: `
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, pid_t);
} whose SEC(".maps");

SEC("tp/syscalls/sys_enter_getppid")
int on_call(void *ctx)
{
	u32 index = 0;
	pid_t pid = bpf_get_current_pid_tgid() >> 32;
	pid_t *wanted = bpf_map_lookup_elem(&whose, &index);

	if (wanted && *wanted == pid)
		bpf_printk("called by %d", pid);
	return 0;
}
`,
  /** Its loader reads the map. */
  silent: `
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, u64);
} calls SEC(".maps");

SEC("tp/syscalls/sys_enter_getppid")
int on_call(void *ctx)
{
	u32 pid = bpf_get_current_pid_tgid() >> 32;
	u64 one = 1, *count = bpf_map_lookup_elem(&calls, &pid);

	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&calls, &pid, &one, BPF_ANY);
	return 0;
}
`,
  /** Stacks in the record itself. */
  sampler: `
struct cpu_sample {
	__u32 pid;
	__u32 cpu_id;
	char comm[16];
	__s32 kstack_sz;
	__s32 ustack_sz;
	__u64 kstack[32];
	__u64 ustack[32];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} samples SEC(".maps");

int only = 0;

SEC("perf_event")
int tick(void *ctx)
{
	int pid = bpf_get_current_pid_tgid() >> 32;
	struct cpu_sample *sample;

	if (pid != only)
		return 0;
	sample = bpf_ringbuf_reserve(&samples, sizeof(*sample), 0);
	if (!sample)
		return 1;
	sample->pid = pid;
	sample->cpu_id = bpf_get_smp_processor_id();
	bpf_get_current_comm(sample->comm, sizeof(sample->comm));
	sample->kstack_sz = bpf_get_stack(ctx, sample->kstack, sizeof(sample->kstack), 0);
	sample->ustack_sz = bpf_get_stack(ctx, sample->ustack, sizeof(sample->ustack), BPF_F_USER_STACK);
	bpf_ringbuf_submit(sample, 0);
	return 0;
}
`,
  /** Looks at packets, of an interface that its loader would choose. */
  packets: `
struct packet {
	__be32 from;
	__be32 to;
	__be16 ports[2];
	__u32 type;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} seen SEC(".maps");

SEC("socket")
int look(struct __sk_buff *skb)
{
	struct packet *packet;
	__u8 protocol;

	if (bpf_skb_load_bytes(skb, 14 + 9, &protocol, 1) || protocol != IPPROTO_UDP)
		return 0;
	packet = bpf_ringbuf_reserve(&seen, sizeof(*packet), 0);
	if (!packet)
		return 0;
	bpf_skb_load_bytes(skb, 14 + 12, &packet->from, 4);
	bpf_skb_load_bytes(skb, 14 + 16, &packet->to, 4);
	bpf_skb_load_bytes(skb, 14 + 20, &packet->ports, 4);
	packet->type = skb->pkt_type;
	bpf_ringbuf_submit(packet, 0);
	return 0;
}
`,
  ingress: `
SEC("tc")
int come_in(struct __sk_buff *skb)
{
	void *end = (void *)(long)skb->data_end;
	struct iphdr *ip = (void *)(long)skb->data + sizeof(struct ethhdr);

	if (skb->protocol != bpf_htons(0x0800) || (void *)(ip + 1) > end)
		return 0;
	bpf_printk("length %d", bpf_ntohs(ip->tot_len));
	return 0;
}
`,
} as const;

describe("programs as tutorials have them", () => {
  let directory: string;
  let net: NetworkPair;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "skep-tutorials-"));
    for (const [name, text] of Object.entries(SOURCES))
      writeFileSync(join(directory, `${name}.bpf.c`), HEAD + text);
    net = new NetworkPair();
  });
  afterAll(() => {
    net[Symbol.dispose]();
    rmSync(directory, { recursive: true });
  });

  const file = (name: keyof typeof SOURCES) => join(directory, `${name}.bpf.c`);
  const perl = (script: string): ChildProcess & Disposable => {
    const child = spawn("perl", ["-e", script], { stdio: "ignore" });
    return Object.assign(child, { [Symbol.dispose]: () => void child.kill() });
  };

  it("take from --set what their own loader would put into a map", async () => {
    const script = "while (1) { getppid(); select(undef, undef, undef, 0.02); }";
    using caller = perl(script);
    using _other = perl(script);
    const args = ["run", file("legacy"), "--set", `whose[0]=${caller.pid}`, "--count", "5", "--json"];
    await using skep = new SkepProcess(args);
    expect((await skep.exit()).code, skep.stderr).toBe(0);
    const lines = skep.events<{ pid: number; message: string }>();
    expect(lines.map(({ pid, message }) => [pid, message])).toEqual(
      Array.from({ length: 5 }, () => [caller.pid, `called by ${caller.pid}`]),
    );
  });

  it("have their maps looked at where they say nothing of them", async () => {
    await using skep = await new SkepProcess(["run", file("silent"), "--map", "calls", "--json"]).attached();
    const { pid } = await runToEnd("perl", ["-e", "getppid() for 1..7"]);
    expect((await skep.end()).code, skep.stderr).toBe(0);
    const ours = skep.events<{ key: number; value: number }>().filter(({ key }) => key === pid);
    expect(ours.at(-1)?.value).toBe(7);
    await using unasked = await new SkepProcess(["run", file("silent")]).attached();
    await unasked.end();
    expect(unasked.stderr).toContain("shows nothing by itself; --map NAME looks at one of its maps: calls");
    await using wrong = new SkepProcess(["run", file("silent"), "--map", "cals"]);
    expect((await wrong.exit()).code).toBe(64);
    expect(wrong.stderr).toContain("did you mean calls");
    await using kind = new SkepProcess(["run", file("silent"), "--map", "calls=pie"]);
    expect((await kind.exit()).code).toBe(64);
    expect(kind.stderr).toContain("give log2_hist, linear_hist, default_kv, top, stacks");
  });

  it("have their stacks named, frame by frame", async () => {
    using busy = perl("while (1) { $x = sqrt($x + 1); }");
    await using skep = new SkepProcess(["run", file("sampler"), "--only", String(busy.pid), "--count", "5"]);
    expect((await skep.exit()).code, skep.stderr).toBe(0);
    const samples = skep.stdout.split(/^(?=COMM:)/m);
    expect(samples).toHaveLength(5);
    for (const sample of samples) {
      expect(sample).toMatch(new RegExp(`^COMM: perl \\(pid=${busy.pid}\\) @ CPU \\d+\\n`));
      expect(sample).toMatch(/^Userspace:\n {2}0 \[<[0-9a-f]{16}>\] \S/m);
    }
    expect(skep.stdout).toMatch(/\[<[0-9a-f]{16}>\] Perl_/);
  });

  it.each([
    ["packets", ["--iface", "lo"]],
    ["ingress", []],
  ] as const)("see each packet of an interface: %s", async (name, args) => {
    net.ip(net.client, "link", "set", "lo", "up");
    const prefix = ["ip", "netns", "exec", net.client];
    await using skep = new SkepProcess(["run", file(name), ...args, "--json"], { prefix });
    await skep.attached();
    // Five datagrams of 3 bytes: 31 bytes with their headers.
    const send = `use Socket; socket(S, PF_INET, SOCK_DGRAM, 0); bind(S, sockaddr_in(7001, inet_aton("127.0.0.1")));
      send(S, "abc", 0, sockaddr_in(7002, inet_aton("127.0.0.1"))) for 1..5;`;
    await net.run(net.client, "perl", "-e", send);
    interface Line {
      readonly from?: number;
      readonly to?: number;
      readonly ports?: readonly number[];
      readonly type?: number;
      readonly message?: string;
    }
    const ours = () => skep.events<Line>().filter(({ ports, message }) => ports ?? message === "length 31");
    const expected = name === "packets" ? 10 : 5;
    await skep.until(() => ours().length >= expected);
    expect((await skep.end()).code, skep.stderr).toBe(0);
    expect(ours()).toHaveLength(expected);
    if (name === "ingress") return;
    // As they go out (PACKET_OUTGOING, 4) and as they come in (PACKET_HOST, 0). As the wire has them.
    const swapped = (port: number) => ((port & 0xff) << 8) | (port >> 8);
    for (const type of [0, 4])
      expect(ours().filter((line) => line.type === type)).toEqual(
        Array.from({ length: 5 }, () => ({
          from: 0x0100007f,
          to: 0x0100007f,
          ports: [swapped(7001), swapped(7002)],
          type,
        })),
      );
  });
});
