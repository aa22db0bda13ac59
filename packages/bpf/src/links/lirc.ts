import { openPath } from "../linux/open-path.ts";
import type { LoadedProgram } from "../load/program.ts";
import { BPF_LIRC_MODE2 } from "../spec/program-types.ts";
import { attachError } from "./attach-error.ts";
import { detachUnlessGone } from "./detach-unless-gone.ts";
import { onProcessExit } from "./exit-cleanup.ts";
import { AttachedLink, type Link } from "./link.ts";
import { type AttachOptions, missingOption } from "./options.ts";
import { undoneOnFailure } from "./undo-list.ts";

/**
 * Decodes what an infrared receiver sees. The kernel has no link for it: the program stays when the process is killed.
 * @kernel 4.18, BPF_LIRC_MODE2 (drivers/media/rc/bpf-lirc.c)
 */
export function attachLirc(program: LoadedProgram, options: AttachOptions): Link {
  const path = options.device;
  if (path === undefined) throw missingOption(program, "an infrared device", 'device: "/dev/lirc0"');
  const description = `lirc device ${path}`;
  const { bpf } = program.kernel;
  return undoneOnFailure((undo) => {
    const device = undo.keep(openPath(program.kernel, path, "infrared device"));
    try {
      bpf.progAttach({ target: device.raw, program: program.fd, attachType: BPF_LIRC_MODE2 });
    } catch (error) {
      throw attachError(error, description);
    }
    undo.add(() =>
      detachUnlessGone(() =>
        bpf.progDetach({ target: device.raw, program: program.fd, attachType: BPF_LIRC_MODE2 }),
      ),
    );
    const exit = onProcessExit(undo.run);
    return new AttachedLink("lirc", description, () => {
      exit[Symbol.dispose]();
      undo.run();
    });
  });
}
