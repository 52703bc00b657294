/**
 * The command line: what was asked, of whom. A command goes to the running server of the data folder, else it
 * opens the database itself. The only file that reads the environment.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { AppError } from '@torv/core/errors';
import { pino } from 'pino';
import { COMMANDS, findCommand, LONE_COMMANDS } from './commands.ts';
import { type Config, parseConfig } from './config.ts';
import { askServer, toSocketPath } from './control.ts';
import { renderFault, TERMINAL } from './output.ts';
import { openRuntime } from './runtime.ts';
import { serve } from './serve.ts';

const DEMO_DATA = './data-demo';

function renderUsage(): string {
  const commands = [...COMMANDS, ...LONE_COMMANDS];
  const width = Math.max(...commands.map((c) => c.name.length), 5) + 2;
  return [
    'torv COMMAND [--help]',
    '',
    `  ${'serve'.padEnd(width)}Start the server; --demo with the demo town in a data folder of its own`,
    ...commands.map((command) => `  ${command.name.padEnd(width)}${command.summary}`),
  ].join('\n');
}

/** The demo has a data folder of its own, unless the environment names one. */
function toConfig(demo: boolean): Config {
  const config = parseConfig(process.env);
  return demo && process.env.TORV_DATA === undefined ? { ...config, dataDir: DEMO_DATA } : config;
}

/** `torv export ... | head`: a reader that has read enough is no fault. A server goes on without its reader. */
function outliveReader(isServer: boolean): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    if (!isServer) process.exit(process.exitCode ?? 0);
  });
}

/** @param root the folder of the repository. @returns the exit code */
export async function main(argv: readonly string[], root: string): Promise<number> {
  const [name, ...args] = argv;
  outliveReader(name === 'serve');
  try {
    if (name === undefined || name === '--help' || name === 'help') {
      TERMINAL.line(renderUsage());
      return name === undefined ? 2 : 0;
    }
    if (name === 'serve') return await runServe(args, root);
    const lone = LONE_COMMANDS.find((c) => c.name === name);
    if (lone && !args.includes('--help')) return await lone.runAlone({ args, root, output: TERMINAL });
    const command = lone ?? findCommand(name);
    if (!command)
      throw new AppError('BAD_REQUEST', `There is no command "${name}".`, { hint: renderUsage() });
    if (args.includes('--help')) {
      TERMINAL.line(command.help);
      return 0;
    }
    return await runCommand(name, args, root);
  } catch (error) {
    TERMINAL.error(renderFault(error));
    return 1;
  }
}

async function runServe(args: readonly string[], root: string): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      demo: { type: 'boolean', default: false },
      'demo-days': { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    TERMINAL.line(
      'torv serve [--demo [--demo-days 56]]\n\nStarts the server. All settings are environment variables; .env.example lists them.\n--demo-days says how many days of the past the demo town gets in the background.',
    );
    return 0;
  }
  const days = values['demo-days'];
  if (days !== undefined && !/^[1-9]\d{0,2}$/.test(days))
    throw new AppError('BAD_REQUEST', '--demo-days takes a number of days from 1 to 999.');
  const options = { demo: values.demo, root, ...(days === undefined ? {} : { demoDays: Number(days) }) };
  return serve(toConfig(values.demo), options, TERMINAL);
}

async function runCommand(name: string, args: readonly string[], root: string): Promise<number> {
  const own = toConfig(false);
  // Beside a demo, a command without TORV_DATA means the demo's server or, where there is no other, its folder.
  const there = (dataDir: string) =>
    existsSync(toSocketPath(dataDir)) || (!existsSync(own.dataDir) && existsSync(dataDir));
  const config =
    process.env.TORV_DATA === undefined &&
    own.databaseUrl === undefined &&
    !existsSync(toSocketPath(own.dataDir)) &&
    there(DEMO_DATA)
      ? toConfig(true)
      : own;
  const answered = await askServer(config.dataDir, { command: name, args, cwd: process.cwd() }, TERMINAL);
  if (answered !== undefined) return answered;
  const log = pino({ level: 'warn' }, pino.destination(2));
  const runtime = await openRuntime(config, log, {
    migrationsDir: join(root, 'server/migrations'),
    codecsDir: join(root, 'codecs'),
    progress: TERMINAL.line,
  });
  try {
    return (await findCommand(name)?.run({ runtime, args, cwd: process.cwd(), output: TERMINAL, root })) ?? 2;
  } finally {
    await runtime.close();
  }
}
