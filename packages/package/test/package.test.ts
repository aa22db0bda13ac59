import { deflateSync } from "node:zlib";
import { MalformedError } from "@skep/bpf";
import { type Package, readPackage, writePackage } from "@skep/package";
import { describe, expect, it } from "vitest";
import { validateLikeEunomia } from "./eunomia-schema.ts";

const META =
  '{"bpf_skel":{"data_sections":[{"name":".rodata","variables":[{"name":"pid_filter","type":"pid_t"}]}],"maps":[{"ident":"rodata","mmaped":true,"name":"minimal_.rodata"},{"ident":"rodata_str1_1","name":".rodata.str1.1"}],"obj_name":"minimal_bpf","progs":[{"attach":"tp/syscalls/sys_enter_write","link":true,"name":"handle_tp"}]},"eunomia_version":"0.3.4"}';

const META_2022 =
  '{"bpf_skel":{"data_sections":[{"name":".rodata","variables":[{"align":4,"name":"min","offset":0,"size":8,"type":"long long unsigned int"}]}],"maps":[{"ident":"rb","name":"rb"}],"obj_name":"client_bpf","progs":[{"link":true,"name":"handle_exec"}]},"export_types":{"export_btf":"n+sBABgAAAA\\n","structs":[{"id":2,"name":"event"}]}}';

const object = new Uint8Array(3000).map((_, i) => i % 251);
const utf8 = (text: string) => new TextEncoder().encode(text);

interface Parts {
  meta?: string;
  object?: string;
  size?: string;
  level?: number;
  extra?: string;
}

/** Text of a package with parts of it replaced. */
function packageText(parts: Parts = {}): string {
  const encoded = deflateSync(object, { level: parts.level ?? 6 }).toString("base64");
  const size = parts.size === "" ? "" : `"bpf_object_size":${parts.size ?? object.length},`;
  return `{"bpf_object":${parts.object ?? `"${encoded}"`},${size}"meta":${parts.meta ?? META}${parts.extra ?? ""}}`;
}
const read = (parts: Parts) => readPackage(utf8(packageText(parts)));

describe("readPackage", () => {
  it("reads the object and its description", () => {
    const content = read({});
    expect(content.object).toEqual(object);
    expect(content.meta.bpf_skel.obj_name).toBe("minimal_bpf");
    expect(content.meta.bpf_skel.data_sections[0]?.variables).toEqual([
      { name: "pid_filter", type: "pid_t" },
    ]);
    expect(content.meta.bpf_skel.progs[0]?.attach).toBe("tp/syscalls/sys_enter_write");
    expect(content.meta.eunomia_version).toBe("0.3.4");
  });

  it("takes null for an empty list of maps, programs or sections", () => {
    const meta = '{"bpf_skel":{"data_sections":null,"maps":null,"obj_name":"x","progs":null}}';
    expect(read({ meta }).meta.bpf_skel).toEqual({ data_sections: [], maps: [], obj_name: "x", progs: [] });
  });

  it("takes the first packages of 2022, whose exported types live in BTF of their own", () => {
    const content = read({ meta: META_2022, size: "" });
    expect(content.meta.export_types).toMatchObject([{ name: "event", type_id: 0 }]);
    expect(content.meta.bpf_skel.progs).toEqual([{ link: true, name: "handle_exec", attach: "" }]);
  });

  it("takes a package of 2022: no size, no attach, export_types as an object", () => {
    const meta =
      '{"bpf_skel":{"data_sections":[{"name":".rodata","variables":[{"align":4,"name":"min","offset":0,"size":8,"type":"long long unsigned int"}]}],"maps":[],"obj_name":"client_bpf","progs":[{"name":"handle_exec"}]},"export_types":{"export_btf":true,"structs":[{"members":[{"bit_off":0,"name":"pid","size":4,"type":"int"}],"name":"event","size":4,"type_id":7}]}}';
    const content = read({ meta, size: "" });
    expect(content.meta.bpf_skel.progs).toEqual([{ name: "handle_exec", attach: "", link: true }]);
    expect(content.meta.export_types?.[0]).toMatchObject({ name: "event", size: 4, type_id: 7 });
    expect(content.meta.bpf_skel.data_sections[0]?.variables[0]).toMatchObject({
      align: 4,
      offset: 0,
      size: 8,
    });
  });

  it.each<[string, Parts]>([
    ["no object", { object: "null" }],
    ["an object that is not base64", { object: '"%%%%"' }],
    ["base64 of a wrong length", { object: '"eJy"' }],
    ["an object that is not a zlib stream", { object: '"AAAAAAAA"' }],
    ["a size that is too small", { size: "2999" }],
    ["a size that is too large", { size: "3001" }],
    ["a negative size", { size: "-1" }],
    ["a size that is no integer", { size: '"3000"' }],
    ["a huge size", { size: "1e300" }],
    ["no meta", { meta: "null" }],
    ["a meta that is a list", { meta: "[]" }],
    ["no bpf_skel", { meta: "{}" }],
    ["maps that are text", { meta: '{"bpf_skel":{"obj_name":"x","maps":"no"}}' }],
    ["a map without a name", { meta: '{"bpf_skel":{"obj_name":"x","maps":[{"ident":"x"}]}}' }],
    ["a program that is a number", { meta: '{"bpf_skel":{"obj_name":"x","progs":[1]}}' }],
    [
      "an export type without a size",
      { meta: '{"bpf_skel":{"obj_name":"x"},"export_types":[{"name":"e"}]}' },
    ],
    ["a version that is a number", { meta: '{"bpf_skel":{"obj_name":"x"},"eunomia_version":1}' }],
  ])("rejects %s", (_what, parts) => {
    expect(() => read(parts)).toThrow(MalformedError);
  });

  it("stops at a zlib bomb, with and without a stated size", () => {
    const bomb = deflateSync(new Uint8Array(100 * 1024 * 1024)).toString("base64");
    expect(() => read({ object: `"${bomb}"`, size: "10" })).toThrow(/larger than 10 bytes/);
    expect(() => read({ object: `"${bomb}"`, size: "" })).toThrow(MalformedError);
  });

  it("rejects a package that is cut off anywhere", () => {
    const bytes = utf8(packageText());
    for (let length = 0; length < bytes.length; length += 7)
      expect(() => readPackage(bytes.subarray(0, length))).toThrow(MalformedError);
  });

  it("rejects a package beyond the size limit", () => {
    expect(() => readPackage(utf8(packageText()), { maxPackageBytes: 100 })).toThrow(MalformedError);
  });
});

describe("writePackage", () => {
  it("gives the bytes that were read, whatever compressed the object and whatever else was in it", () => {
    for (const parts of [
      {},
      { level: 9 },
      { extra: ',"other":{"deep":[1.0,18446744073709551615]}' },
      { meta: META.replace('"type":"pid_t"', '"type":"pid_t","unit":1.5') },
      { meta: '{"bpf_skel":{"data_sections":[],"maps":null,"obj_name":"x","progs":null}}' },
      { meta: '{"bpf_skel":{"data_sections":null,"maps":[],"obj_name":"x","progs":[]}}' },
      { meta: META_2022, size: "" },
    ] satisfies Parts[]) {
      const bytes = utf8(packageText(parts));
      expect(Buffer.from(writePackage(readPackage(bytes))).toString()).toBe(Buffer.from(bytes).toString());
    }
  });

  it("writes one line, keys in order, zlib level 6, and what other readers of the format accept", () => {
    const { compressed: _, ...content } = read({});
    const shuffled: Package = { extra: {}, meta: content.meta, object: content.object };
    const text = Buffer.from(writePackage(shuffled)).toString();
    expect(text).toBe(packageText());
    expect(text).not.toContain("\n");
    expect([...Buffer.from(JSON.parse(text).bpf_object, "base64").subarray(0, 2)]).toEqual([0x78, 0x9c]);
    validateLikeEunomia(JSON.parse(text));
  });
});
