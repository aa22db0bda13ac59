/** KERNEL_VERSION(major, minor, patch) of include/generated/uapi/linux/version.h. */
export function versionCode(major: number, minor: number, patch = 0): number {
  return major * 65536 + minor * 256 + Math.min(patch, 255);
}

/** Since 5.11 programs and maps count against the memory of the cgroup, before that against RLIMIT_MEMLOCK. */
export const MEMCG_ACCOUNTING = versionCode(5, 11);

/**
 * The version that the kernel was built from. Distributions put their own number in the third place of
 * `uname -r`: Ubuntu tells the true one in /proc/version_signature (`Ubuntu 5.15.0-91.101-generic 5.15.131`), Debian
 * in `uname -v` (`#1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1 (2024-02-01)`). Kernels before 5.0 compare it when a kprobe
 * program is loaded. Returns 0 when no text holds a version.
 */
export function trueVersion(uname: {
  readonly release: string;
  readonly version: string;
  readonly signature: string | undefined;
}): number {
  const ubuntu = / (\d+\.\d+\.\d+)$/.exec(uname.signature ?? "")?.[1];
  const debian = /\bDebian (\d+\.\d+(?:\.\d+)?)/.exec(uname.version)?.[1];
  const [, major, minor, patch] = /^(\d+)\.(\d+)(?:\.(\d+))?/.exec(ubuntu ?? debian ?? uname.release) ?? [];
  return versionCode(Number(major ?? 0), Number(minor ?? 0), Number(patch ?? 0));
}
