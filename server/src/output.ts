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
