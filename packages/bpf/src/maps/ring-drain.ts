import { Emitter } from "../codec/emit.ts";
import { layoutOf } from "../codec/layout.ts";
import { recordLayoutOf, viewSource } from "../codec/view.ts";
import type { EventCallback, EventOptions } from "./event-map.ts";

/** The pages of a ring buffer as the drain loop wants them. Indexes of the counters are those of {@link RingCounter}. */
export interface RingPages {
  /** Both copies of the data, read-only. */
  readonly data: DataView;
  readonly words: Int32Array;
  /** Byte offset of the data in `data` and `words`. */
  readonly dataAt: number;
  /** Bytes of the ring, a power of two. */
  readonly size: number;
  /** The program's position: the low word is enough, as a ring is shorter than 2^32. */
  readonly producer: Int32Array;
  /** Our position, the only thing that we write. */
  readonly consumer: BigInt64Array;
  readonly counters: Float64Array;
  /** Set to 1 to end a drain after the event in hand. */
  readonly stop: Uint8Array;
}

export const RingCounter = { events: 0, discarded: 1, malformed: 2 } as const;

/** Why a drain returned. */
export const RingEnd = { empty: 0, busy: 1, limit: 2, stopped: 3, corrupt: 4 } as const;

export type RingDrain = (emit: EventCallback<never>, limit: number) => number;

/** Our position is told to the kernel once for so many bytes: each time costs a memory barrier. */
const PUBLISH_BYTES = 65_536;
/** An offset past the end of any memory: whoever reads there gets a RangeError. */
const OUTSIDE = 2 ** 52;

/**
 * Generates the loop that walks over the records of a ring buffer, with the decoder of its event type inside: one loop for
 * each type, so that the engine sees through all of it.
 *
 * Order of memory accesses (Documentation/bpf/ringbuf.rst; kernel/bpf/ringbuf.c, __bpf_user_ringbuf_peek has the mirror image):
 * the producer's position, then a record's header, then its data, and at last our own position. On x86-64 loads are not
 * reordered, so the header needs no Atomics there, which V8 does not inline (5 ns for each event). Positions are unsigned
 * and wrap; int32 arithmetic wraps with them and stays in registers. Nothing in the loop may be a larger number or a
 * bigint, not even seldom: V8 then throws its code away again and again.
 *
 * The loop is a function of its own and short-lived, one call for each 64 KiB, because V8 knows the pages' addresses as
 * constants only in functions that it optimised from their beginning, not in a loop that it optimised while it ran. State is
 * declared with `var`: a captured `let` is checked for being initialised at each use. Together a third of an event's cost.
 *
 * When all is read, or the next record is still being written, our position is published with a full barrier and then the
 * ring looked at once more: the program sends no wake-up while it sees us behind, so looking first would lose one.
 */
export function generateRingDrain(pages: RingPages, options: EventOptions, machineIsX86: boolean): RingDrain {
  const { integers64 = "bigint", type } = options;
  const emitter = new Emitter({ littleEndian: type?.btf.littleEndian ?? true, integers64 });
  const event = eventSource(emitter, options);
  const header = machineIsX86 ? "words[word]" : "Atomics.load(words,word)|0";
  return emitter.instantiate(
    `${event.declarations}
    var pos=0,high=0,published=0,events=0,discarded=0,malformed=0;
    function tell(){
      if(pos===published)return;
      // Wrapped around when it was in the upper half of its 32 bits and is in the lower now.
      if(published<0&&pos>=0)high=(high+1)|0;
      published=pos;
      publish(pos,high);
    }
    function walk(emit,limit,there){
      let at=pos,left=there,taken=0;
      const enough=there-${PUBLISH_BYTES};
      try{
        while(left>0&&left>enough){
          if(taken===limit)return ${RingEnd.limit};
          const slot=at&${pages.size - 1},word=${pages.dataAt / 4}+(slot>>>2);
          const header=${header};
          if(header<0)return ${RingEnd.busy};
          const length=header&0x3fffffff,step=(length+15)&-8;
          if(step>left)return ${RingEnd.corrupt};
          at=(at+step)|0;
          left=(left-step)|0;
          if((header&0x40000000)!==0)discarded=(discarded+1)|0;
          else if(length<${event.size})malformed=(malformed+1)|0;
          else{
            taken=(taken+1)|0;
            ${event.emit(`${pages.dataAt + 8}+slot`)}
            if(stop[0]!==0)return ${RingEnd.stopped};
          }
        }
      }finally{
        pos=at;
        events=(events+taken)|0;
      }
      return ${RingEnd.empty};
    }
    return function drain(emit,limit){
      pos=published=ours[0];
      high=ours[1];
      events=discarded=malformed=0;
      stop[0]=0;
      try{
        let produced=Atomics.load(producer,0)|0;
        for(;;){
          if(pos===produced){
            tell();
            produced=Atomics.load(producer,0)|0;
            if(pos===produced)return ${RingEnd.empty};
          }
          const end=walk(emit,limit-events,(produced-pos)|0);
          if(end!==${RingEnd.empty}&&(end!==${RingEnd.busy}||pos===published))return end;
          tell();
        }
      }finally{
        tell();
        ${event.close}
        counters[${RingCounter.events}]+=events;
        counters[${RingCounter.discarded}]+=discarded;
        counters[${RingCounter.malformed}]+=malformed;
      }
    }`,
    {
      data: pages.data,
      bytes: new Uint8Array(pages.data.buffer, pages.data.byteOffset, pages.data.byteLength),
      words: pages.words,
      producer: pages.producer,
      ours: new Int32Array(pages.consumer.buffer, pages.consumer.byteOffset, 2),
      publish: publisher(pages.consumer),
      counters: pages.counters,
      stop: pages.stop,
    },
  ) as RingDrain;
}

/** Stores a position given as two words at once: a program that saw one new and one old would find the ring full. */
function publisher(consumer: BigInt64Array): (low: number, high: number) => void {
  const words = new Int32Array(2);
  const whole = new BigInt64Array(words.buffer);
  return (low, high) => {
    words[0] = low;
    words[1] = high;
    Atomics.store(consumer, 0, whole[0] ?? 0n);
  };
}

interface EventSource {
  /** Least bytes of a record. */
  readonly size: number;
  readonly declarations: string;
  /** After the last record. */
  readonly close: string;
  /** Hands over the record whose data begin at `at`. */
  emit(at: string): string;
}

function eventSource(emitter: Emitter, { type, as = "object" }: EventOptions): EventSource {
  if (type === undefined) {
    const emit = (at: string) => `const o=${at};emit(bytes.slice(o,o+length),undefined);`;
    return { size: 0, declarations: "", close: "", emit };
  }
  if (as === "view") {
    const layout = recordLayoutOf(type.btf, type.typeId);
    return {
      size: layout.size,
      declarations: `const v=data;${viewSource(layout, emitter)}`,
      close: `o=dataEnd=${OUTSIDE};`,
      emit: (at) => `o=${at};dataEnd=o+length;emit(record,undefined);`,
    };
  }
  const layout = layoutOf(type.btf, type.typeId);
  const value = emitter.value(layout, "o", 0, "(o+length)");
  const emit = (at: string) => `const o=${at};emit(${value},undefined);`;
  return { size: layout.size, declarations: "const v=data;", close: "", emit };
}
