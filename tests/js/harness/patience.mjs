// Asking until the answer is the right one.

import { setTimeout as pause } from 'node:timers/promises';

/** Asks until an answer fits, and gives that answer and how long it took: `{answer, ms}`. A failure does not fit. */
export async function eventually(what, ask, fits = Boolean, { timeout = 30_000, every = 50 } = {}) {
  const began = performance.now();
  for (;;) {
    let answer;
    let failure;
    try {
      answer = await ask();
      if (fits(answer)) return { answer, ms: performance.now() - began };
    } catch (error) {
      failure = error;
    }
    if (performance.now() - began > timeout) {
      const last = failure ? failure.message : JSON.stringify(answer);
      throw new Error(`${what}: not within ${timeout} ms; the last answer: ${last}`, { cause: failure });
    }
    await pause(every);
  }
}

/** The middle, the 99th percentile and the most of some durations, for the report. */
export function percentiles(durations) {
  if (durations.length === 0) return 'none';
  const sorted = durations.toSorted((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))].toFixed(1);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, most ${at(1)} ms (of ${sorted.length})`;
}
