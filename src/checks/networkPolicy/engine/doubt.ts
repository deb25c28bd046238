// What a verdict hangs on and nobody can know, in words for people.

export interface Doubt {
  /** What it is, to stand after "hangs on". */
  readonly what: string;
  /** How to be rid of it, where there is a better way than to leave it out; without a full stop. */
  readonly mend?: string;
}
