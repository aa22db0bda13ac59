#ifndef AWKWARD_H
#define AWKWARD_H

#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)
#endif

typedef unsigned int u32;

typedef unsigned long long u64;

typedef unsigned char u8;

typedef _Bool bool;

struct bits {
	u32 a: 3;
	char: 2;
	u32 b: 20;
	u64 c: 40;
	u8 d: 1;
	bool e: 1;
	int f: 7;
};

struct bits_apart {
	u32 a: 4;
	char: 4;
	char: 8;
	short: 16;
	u32 b: 4;
};

struct bits_crossing {
	u32 a: 20;
	u32 b: 20;
} __attribute__((packed));

struct bits_shifted {
	u8 x;
	u32 a: 24;
	u8 y;
};

struct packed {
	u8 a;
	u64 b;
	u32 c;
} __attribute__((packed));

struct packed_aligned {
	u8 a;
	u64 b;
	u8 c[3];
} __attribute__((packed));

struct holds_packed {
	u8 a;
	char: 8;
	short: 16;
	struct packed_aligned b;
	u8 c;
	struct packed d;
	short: 16;
};

struct cacheline {
	int a;
	int: 32;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
	int b;
	int: 32;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
};

struct holds_cacheline {
	char a;
	char: 8;
	short: 16;
	int: 32;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
	struct cacheline b;
	char c;
	char: 8;
	short: 16;
	int: 32;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
};

struct tail {
	u64 a;
	u8 b;
	char: 8;
	short: 16;
	int: 32;
	long: 64;
	long: 64;
};

struct wide {
	__int128 a;
	u8 b;
	unsigned __int128 c;
};

struct empty {};

struct only_empty {
	struct empty a;
	int b;
	struct empty c;
};

struct nothing_but_size {
	long: 64;
};

struct flexible {
	int n;
	struct {
		u8 a;
		u32 b;
	} items[0];
};

struct zero {
	int n;
	u64 more[0];
};

union sized {
	u8 a;
	char b[5];
} __attribute__((aligned(16)));

union packed_union {
	u64 a;
	char b[9];
} __attribute__((packed));

struct nested {
	union {
		struct {
			u8 a;
			u32 b;
		};
		u64 c;
	};
	struct {
		int x;
	} d[3];
	union {
		int y;
	} *e;
};

enum plain {
	A = 0,
	B = 4294967291,
	C = 4294967292,
};

enum wide_enum {
	W = 0ULL,
	V = 1ULL,
} __attribute__((mode(DI)));

enum wide_signed {
	X = 0ULL,
} __attribute__((mode(DI)));

enum byte_enum {
	P = 0,
	Q = 1,
} __attribute__((mode(QI)));

enum half_enum {
	H = 0,
} __attribute__((mode(HI)));

struct enums {
	enum plain a;
	enum wide_enum b;
	enum wide_signed c;
	enum byte_enum d;
	enum half_enum e;
	u8 f;
	enum {
		IN_PLACE = 7,
	} g;
};

struct pointers;

struct not_here;

struct later;

struct only_as_parameter;

struct pointers {
	const char *const *a;
	volatile int *volatile b;
	int *restrict c;
	void (*d)(void);
	int (*e[4])(const char *, ...);
	int (*(*f)(int, void *))[3];
	struct pointers *g;
	struct not_here *h;
	int (*i)[2][3];
	const u8 j[4];
	void (*k)(struct later *, enum plain, struct only_as_parameter *);
	int *const l[2];
};

struct later {
	struct pointers *p;
	struct nested n;
};

typedef struct {
	int anonymous;
} anonymous_t;

typedef struct later later_t;

typedef void (*callback_t)(later_t *, anonymous_t);

typedef int matrix_t[2][3];

struct uses_typedefs {
	anonymous_t a;
	later_t *b;
	callback_t c;
	matrix_t d;
	const matrix_t e;
};

struct doubles {
	float a;
	double b;
};

struct long_gap {
	u8 a;
	char: 8;
	short: 16;
	int: 32;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
	u8 b;
	char: 8;
	short: 16;
	int: 32;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
	long: 64;
};

#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute pop
#endif

#endif /* AWKWARD_H */
