/**
 * Create by PUBLISH (req/create-observations-via-mqtt/observations-creation): what a POST does, told in the promise;
 * Observations that come at once are kept together. Knows no broker.
 */
import { AppError } from '@torv/core/errors';
import type { Version } from '@torv/core/sta/version';
import { type Actor, organisationsOf } from '../access/port.ts';
import { createTogether, type TogetherOptions } from './together.ts';

export interface Publication {
  readonly actor: Actor;
  /** What stands behind the version in the topic. */
  readonly path: string;
  /** JSON */
  readonly body: string;
  /** RFC 3339 */
  readonly now: string;
}

export interface PublisherOptions extends TogetherOptions {
  readonly version: Version;
}

export function createPublisher(options: PublisherOptions) {
  const { sql, version } = options;
  const write = createTogether(options);
  /** Resolves when committed. @throws AppError where it is refused */
  return async (publication: Publication): Promise<void> => {
    if (organisationsOf(publication.actor, 'editor')?.length === 0)
      throw new AppError('FORBIDDEN', 'The key lacks the scope "write".');
    if (publication.path.includes('?')) {
      throw new AppError('BAD_PATH', 'A topic to publish to has no options.', {
        at: 'topic',
        hint: 'Publish to Datastreams(1)/Observations.',
      });
    }
    await write({ sql, version, ...publication });
  };
}
