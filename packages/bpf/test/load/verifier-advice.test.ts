import { expect, it } from "vitest";
import { adviceOn } from "../../src/load/verifier-advice.ts";

it.each([
  ["invalid write to stack R1 off=-500 size=600", "no more bytes than the variable has"],
  ["invalid indirect access to stack R1 off=-500 size=600", "no more bytes than the variable has"],
  ["invalid indirect read from stack R2 off -8+0 size 8", "before it is used"],
  ["invalid read from stack R10 off -8+0 size 8", "before it is used"],
  ["R1 offset is outside of the packet", "compare the end of what is read with data_end"],
  ["number of funcs in func_info doesn't match number of subprogs", "Linux 5.13"],
  ["callback function not static", "static"],
  ["R0 invalid mem access 'map_value_or_null'", "compare the pointer with NULL"],
])("%s", (complaint, advice) => {
  expect(adviceOn(complaint)).toContain(advice);
});

it("is none where the cause is not known", () => {
  expect(adviceOn("something new")).toBeUndefined();
});
