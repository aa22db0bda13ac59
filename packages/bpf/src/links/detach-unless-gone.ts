import { ENODEV, ENOENT, failedWith } from "../linux/errno.ts";

/** Runs what detaches a program from an interface, cgroup or device that may be gone by now, and has taken the program along. */
export function detachUnlessGone(detach: () => void): void {
  try {
    detach();
  } catch (error) {
    if (!failedWith(error, ENODEV, ENOENT)) throw error;
  }
}
