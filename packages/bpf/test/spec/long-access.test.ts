import { expect, it } from "vitest";
import { BtfBuilder } from "../../src/btf/builder.ts";
import { MalformedError } from "../../src/errors.ts";
import { readBtfExt } from "../../src/spec/btf-ext.ts";

/** A `.BTF.ext` with one CO-RE relocation whose access string is this. */
function relocationWith(access: string) {
  const builder = new BtfBuilder();
  const [section, text] = [builder.string(".text"), builder.string(access)];
  const words = [0x0001eb9f, 32, 0, 0, 0, 0, 0, 28, 16, section, 1, 0, 1, text, 0];
  return { bytes: new Uint8Array(Uint32Array.from(words).buffer), btf: builder.build() };
}

it("reads an access string, and refuses one that no compiler writes", () => {
  const fine = relocationWith("0:1:2");
  expect(readBtfExt(fine.bytes, fine.btf).get(".text")?.core).toMatchObject([{ access: "0:1:2" }]);
  const huge = relocationWith("0:".repeat(100_000));
  expect(() => readBtfExt(huge.bytes, huge.btf)).toThrow(MalformedError);
});
