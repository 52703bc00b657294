/** What operators read on a terminal. */
import { AppError } from '@torv/core/errors';

/** Where a command writes its words: this terminal, or through the control socket to the one who asked. */
export interface Output {
  /** One line for people. */
  line(text: string): void;
  /** Something went wrong; shown on standard error. */
  error(text: string): void;
}

export const TERMINAL: Output = {
  line: (text) => process.stdout.write(`${text}\n`),
  error: (text) => process.stderr.write(`${text}\n`),
};

/** A fault as an operator reads it: the sentence, where, and the way out. */
export function renderFault(error: unknown): string {
  if (error instanceof AppError) return [error.detail, error.hint].filter(Boolean).join('\n');
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
