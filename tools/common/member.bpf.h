/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef MEMBER_BPF_H
#define MEMBER_BPF_H

/*
 * A member of a kernel object. Where the verifier knows what the object is, in programs of tp_btf, fentry and fexit, it is loaded
 * like any memory; others have to call a helper, which costs more. `typed` is a constant: one of both is compiled.
 */
#define MEMBER(typed, object, member) ((typed) ? (object)->member : BPF_CORE_READ(object, member))

#endif
