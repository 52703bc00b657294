/** The commands of `torv` that work on a runtime, as a table. `serve` stands apart: it makes the runtime. */
import { benchCommand } from './bench/command.ts';
import { demoCommand } from './demo/remove-port.ts';
import { replayCommand } from './ingest/replay-port.ts';
import { doctorCommand } from './operations/doctor-port.ts';
import { backupCommand, exportCommand, importCommand, restoreCommand } from './operations/files/commands.ts';
import type { Output } from './output.ts';
import { codecCommand } from './registry/codec-import-port.ts';
import type { Runtime } from './runtime.ts';

export interface CommandContext {
  readonly runtime: Runtime;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly root: string;
  readonly output: Output;
}

export interface Command {
  readonly name: string;
  readonly summary: string;
  readonly help: string;
  /** @returns the exit code */
  run(context: CommandContext): Promise<number>;
}

export const COMMANDS: readonly Command[] = [
  replayCommand,
  importCommand,
  exportCommand,
  backupCommand,
  restoreCommand,
  codecCommand,
  demoCommand,
  doctorCommand,
];
/** A command that needs no installation: it opens what it needs itself, and never asks a running server. */
interface LoneCommand extends Omit<Command, 'run'> {
  runAlone(context: Pick<CommandContext, 'args' | 'root' | 'output'>): Promise<number>;
}

export const LONE_COMMANDS: readonly LoneCommand[] = [benchCommand];

export function findCommand(name: string): Command | undefined {
  return COMMANDS.find((command) => command.name === name);
}
