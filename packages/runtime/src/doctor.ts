/** What this machine can do: a part of its own, because running a package needs nothing of it. */
export { examinationJson, examinationText } from "./doctor/examination-text.ts";
export { type Examination, examine } from "./doctor/examine.ts";
