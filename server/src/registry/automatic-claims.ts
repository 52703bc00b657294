/**
 * Rules that act by themselves: looks every few seconds whether something waits that such a rule means. Cheap when
 * nothing does; never takes a device that a person has taken back.
 */
import { SYSTEM } from '../access/port.ts';
import type { Sql } from '../db/database.ts';
import type { Log } from '../db/log.ts';
import { applyClaims, findAutomaticOrganisations } from './claim-batch-store.ts';

export interface AutomaticDeps {
  readonly sql: Sql;
  readonly now: () => number;
  readonly wakeSweep: () => void;
  readonly log: Log;
}

/** @returns how many devices were claimed */
export async function claimAutomatically(deps: AutomaticDeps): Promise<number> {
  let claimed = 0;
  for (const organisationId of await findAutomaticOrganisations(deps.sql)) {
    const applied = await deps.sql.begin((tx) =>
      applyClaims(tx, SYSTEM, {
        organisationId,
        automatic: true,
        now: new Date(deps.now()).toISOString(),
      }),
    );
    claimed += applied.claimed;
    if (applied.pending > 0) deps.wakeSweep();
  }
  return claimed;
}

const PAUSE_MS = 10_000;

export function startAutomaticClaims(deps: AutomaticDeps): { close(): Promise<void> } {
  let running: Promise<unknown> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  const plan = () => {
    if (closed) return;
    timer = setTimeout(() => {
      running = claimAutomatically(deps)
        .then((claimed) => {
          if (claimed > 0) deps.log.info({ claimed }, 'Claimed devices by rule');
        })
        .catch((error: unknown) =>
          deps.log.warn(
            { err: error },
            'Rules could not be applied by themselves; they are tried again later',
          ),
        )
        .finally(plan);
    }, PAUSE_MS);
    timer.unref();
  };
  plan();
  return {
    async close() {
      closed = true;
      clearTimeout(timer);
      await running;
    },
  };
}
