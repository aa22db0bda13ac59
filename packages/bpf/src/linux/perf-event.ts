/** enum perf_type_id, include/uapi/linux/perf_event.h. PMUs of their own have a number in sysfs. */
export const PERF_TYPE_HARDWARE = 0;
export const PERF_TYPE_SOFTWARE = 1;
export const PERF_TYPE_TRACEPOINT = 2;

/** enum perf_sw_ids. */
export const PERF_COUNT_SW_BPF_OUTPUT = 10;

/** enum perf_event_sample_format. */
export const PERF_SAMPLE_TIME = 1 << 2;
export const PERF_SAMPLE_RAW = 1 << 10;

/** enum perf_event_read_format: read(2) tells, after the count, how many samples found no room. @kernel 6.0 */
export const PERF_FORMAT_LOST = 1 << 4;

/** ioctl(2) requests on a perf event; SET_BPF takes a program's descriptor. */
export const PERF_EVENT_IOC_ENABLE = 0x2400;
export const PERF_EVENT_IOC_DISABLE = 0x2401;
export const PERF_EVENT_IOC_SET_BPF = 0x40042408;

/** struct perf_event_attr in words; what is left out is 0. */
export interface PerfEventAttr {
  readonly type: number;
  readonly config?: bigint | number;
  /** Events between two samples, or with `frequency` samples per second. */
  readonly samplePeriod?: bigint | number;
  readonly frequency?: boolean;
  readonly sampleType?: number;
  /** PERF_FORMAT_*: what read(2) tells. */
  readonly readFormat?: number;
  /** Wake the reader after this many events, or with `watermark` bytes. */
  readonly wakeup?: number;
  readonly watermark?: boolean;
  /** Times of samples are read from this clock (1: CLOCK_MONOTONIC) instead of perf's own. @kernel 4.1 */
  readonly clockId?: number;
  readonly disabled?: boolean;
  readonly inherit?: boolean;
  /** Of a probe: the address of a kprobe's symbol or a uprobe's path. */
  readonly config1?: bigint | number;
  /** Of a probe: the offset. */
  readonly config2?: bigint | number;
}

/** PERF_ATTR_SIZE_VER5: what every kernel since 4.1 knows, and all that is used here. */
const ATTR_SIZE = 112;

/** The bytes that perf_event_open(2) reads. Addresses in `config1` must stay valid during that call. */
export function encodePerfEventAttr(attr: PerfEventAttr): Uint8Array {
  const bytes = new Uint8Array(ATTR_SIZE);
  const view = new DataView(bytes.buffer);
  const word = (offset: number, value: bigint | number | undefined) =>
    view.setBigUint64(offset, BigInt.asUintN(64, BigInt(value ?? 0)), true);
  view.setUint32(0, attr.type, true);
  view.setUint32(4, ATTR_SIZE, true);
  word(8, attr.config);
  word(16, attr.samplePeriod);
  word(24, attr.sampleType);
  word(32, attr.readFormat);
  word(40, flagBits(attr));
  view.setUint32(48, attr.wakeup ?? 0, true);
  word(56, attr.config1);
  word(64, attr.config2);
  view.setInt32(92, attr.clockId ?? 0, true);
  return bytes;
}

/** Bit-fields of perf_event_attr in order of declaration. */
function flagBits(attr: PerfEventAttr): number {
  const bits: readonly (readonly [bit: number, on: boolean | undefined])[] = [
    [0, attr.disabled],
    [1, attr.inherit],
    [10, attr.frequency],
    [14, attr.watermark],
    [25, attr.clockId !== undefined],
  ];
  return bits.reduce((sum, [bit, on]) => (on === true ? sum | (1 << bit) : sum), 0);
}
