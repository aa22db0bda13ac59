import type { AttachOptions, BpfObject, BpfSpec, LoadOptions, Program } from "@skep/bpf";
import { attachAll } from "./attach-all.ts";
import type { ProgramChoice } from "./program-choice.ts";

export interface StartOptions<Session extends Disposable> {
  readonly choice: ProgramChoice;
  readonly load: LoadOptions;
  readonly attachments: (program: Program) => readonly AttachOptions[];
  /** Called when the programs are loaded and before they are attached, so that nothing they send is missed. */
  readonly open: (object: BpfObject) => Session | Promise<Session>;
}

/** Programs at work. Closing ends the session first, then the programs. */
export interface Started<Session extends Disposable> extends Disposable {
  readonly object: BpfObject;
  readonly session: Session;
}

/**
 * Loads and attaches the chosen programs; where the kernel lacks what one needs, chooses again. A failed attempt leaves nothing
 * behind.
 * @throws {BpfError} {UsageError}
 */
export async function startPrograms<Session extends Disposable>(
  spec: BpfSpec,
  options: StartOptions<Session>,
): Promise<Started<Session>> {
  for (;;) {
    let at: string | undefined;
    try {
      return await attempt(spec, options, (program) => {
        at = program;
      });
    } catch (error) {
      if (!options.choice.fallBack(error, at, (programs) => loadAlone(spec, programs, options.load)))
        throw error;
    }
  }
}

async function attempt<Session extends Disposable>(
  spec: BpfSpec,
  { choice, load, attachments, open }: StartOptions<Session>,
  at: (program: string | undefined) => void,
): Promise<Started<Session>> {
  for (const wishes of spec.programs.values())
    wishes.autoload = choice.wants(wishes.name) ?? wishes.spec.autoload;
  const object = spec.load(load);
  try {
    const session = await open(object);
    try {
      attachAll(object, attachments, at);
    } catch (error) {
      session[Symbol.dispose]();
      throw error;
    }
    return { object, session, [Symbol.dispose]: () => end(session, object) };
  } catch (error) {
    object.close();
    throw error;
  }
}

function end(session: Disposable, object: BpfObject): void {
  session[Symbol.dispose]();
  object.close();
}

/** @returns what went wrong */
function loadAlone(spec: BpfSpec, programs: readonly string[], load: LoadOptions): unknown {
  for (const wishes of spec.programs.values()) wishes.autoload = programs.includes(wishes.name);
  try {
    spec.load({ ...load, onWarning: () => {} }).close();
    return undefined;
  } catch (error) {
    return error;
  }
}
