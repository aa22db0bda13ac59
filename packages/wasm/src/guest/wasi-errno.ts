// Error numbers of WASI preview 1 (witx: errno).

export const SUCCESS = 0;
export const BADF = 8;
export const FAULT = 21;
export const INVAL = 28;
export const NOTSUP = 58;
