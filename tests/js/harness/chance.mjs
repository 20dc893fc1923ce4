// Chance that can be repeated: the same seed, the same choices.

import { randomInt } from 'node:crypto';

export class Chance {
  #state;

  /** From `CHANCE_SEED` when it is set, so that a run can be tried again. */
  constructor(seed = Number(process.env.CHANCE_SEED ?? randomInt(2 ** 31))) {
    this.seed = seed;
    this.#state = seed;
  }

  /** Between 0 and 1, by mulberry32. */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  of(choices) {
    return choices[Math.floor(this.next() * choices.length)];
  }
}
