/** Units of time that annotations may name → nanoseconds. */
export const NANOSECONDS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9 };

export const TIME_UNITS = "ns, us, ms or s";
