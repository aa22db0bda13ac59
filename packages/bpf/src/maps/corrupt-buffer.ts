import { MalformedError } from "../errors.ts";

/** The pages of a buffer contradict themselves: nothing more can be read from it. Unlike any error of a reader's callback. */
export class CorruptBufferError extends MalformedError {
  constructor(message: string) {
    super(message, "check that nothing else in this process writes to its pages");
    this.name = "MalformedError";
  }
}
