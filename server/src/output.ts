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
  if (!(error instanceof Error)) return String(error);
  // what was typed is wrong, not the program
  if ('code' in error && String(error.code).startsWith('ERR_PARSE_ARGS_'))
    return `${error.message}\n--help tells what a command takes.`;
  return error.stack ?? error.message;
}
