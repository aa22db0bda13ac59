/* A thousand events of 64 bytes for each run of the program: as fast as one CPU can submit. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct event {
	__u64 time, latency, seq;
	__u32 pid, tid, uid;
	__s32 result;
	char comm[16];
	__u32 cpu, flags;
};
struct event an_event;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 << 20);
} ring SEC(".maps");

__u64 submitted = 0;
__u64 ring_lost = 0;

static long submit(__u32 index, void *context)
{
	struct event *e = bpf_ringbuf_reserve(&ring, sizeof(*e), 0);

	if (!e) {
		ring_lost++;
		return 0;
	}
	e->time = submitted * 100;
	e->latency = index;
	e->seq = submitted++;
	e->pid = 1000;
	e->tid = 1000 + index;
	e->uid = 0;
	e->result = -2;
	__builtin_memcpy(e->comm, index & 1 ? "producer-one\0\0\0\0" : "producer-two\0\0\0\0", 16);
	e->cpu = 0;
	e->flags = index & 3;
	bpf_ringbuf_submit(e, 0);
	return 0;
}

SEC("syscall")
int produce(void *ctx)
{
	bpf_loop(1000, submit, 0, 0);
	return 0;
}
