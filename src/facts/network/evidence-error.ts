// What went wrong on the way to evidence, in the words of a failed fact.

import type { Failed, FailureReason } from '../view.ts';

/** Thrown while evidence is fetched and read; becomes a failed fact, never more. */
export class EvidenceError extends Error {
  override readonly name = 'EvidenceError';
  readonly reason: FailureReason;

  constructor(reason: FailureReason, message: string, cause?: unknown) {
    super(message, { cause });
    this.reason = reason;
  }
}

export const failedBy = ({ reason, message }: EvidenceError): Failed => ({
  state: 'failed',
  reason,
  message,
});

export const isEvidenceError = (error: unknown): error is EvidenceError => error instanceof EvidenceError;
