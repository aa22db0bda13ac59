import {
  type Btf,
  BtfKind,
  type FunctionSpec,
  type MapSpec,
  type ObjectSpec,
  type VariableSpec,
} from "@skep/bpf";

/** A global of an object that can be set from outside. */
export interface GlobalVariable {
  readonly map: MapSpec;
  readonly variable: VariableSpec;
  /** In `.rodata`: final once the program is loaded. Others are where the program begins. */
  readonly constant: boolean;
  /**
   * False for a `const` without `volatile` whose value the compiler has put into the code: nothing reads the variable any
   * more, and setting it changes nothing.
   */
  readonly live: boolean;
}

/** The globals of an object that a run can set: no statics, no kernel options, nothing that the compiler adds for its own ends. */
export function globalVariables(spec: ObjectSpec): GlobalVariable[] {
  return spec.maps.flatMap((map) => {
    const { data } = map;
    if (data === undefined || !/^\.(rodata|data|bss)(\.|$)/.test(data.section)) return [];
    const constant = data.readOnly;
    return data.variables
      .filter(({ linkage, name }) => linkage === "global" && !name.startsWith("__eunomia_dummy"))
      .map((variable) => ({ map, variable, constant, live: !constant || isLive(spec, map, variable) }));
  });
}

/** Whether setting a constant has any effect. A `volatile` one may be there for the runner alone. */
function isLive(spec: ObjectSpec, map: MapSpec, variable: VariableSpec): boolean {
  return (spec.btf !== undefined && isVolatile(spec.btf, variable.typeId)) || isRead(spec, map, variable);
}

function isVolatile(btf: Btf, typeId: number): boolean {
  let id = typeId;
  // A handful of qualifiers at most; the bound keeps cyclic BTF from hanging us.
  for (let step = 0; step < 16; step++) {
    const type = btf.type(id);
    if (type.kind === BtfKind.Volatile) return true;
    // `const volatile char text[16]`: the qualifiers belong to the element.
    if (type.kind === BtfKind.Array) id = type.elementId;
    else if (type.kind === BtfKind.Const || type.kind === BtfKind.TypeTag) id = type.typeId;
    else return false;
  }
  return false;
}

/** Does any code mention the variable's address? */
function isRead(spec: ObjectSpec, map: MapSpec, { offset, size }: VariableSpec): boolean {
  const mentions = ({ relocations }: FunctionSpec) =>
    relocations.some(
      (relocation) =>
        relocation.kind === "map-value" &&
        relocation.map === map.name &&
        relocation.offset >= offset &&
        relocation.offset < offset + size,
    );
  return spec.programs.some(mentions) || spec.subprograms.some(mentions);
}
