/**
 * The door for whole messages, however they came (webhook, MQTT, file): foreign JSON -> Uplink -> batch.
 * What cannot be used is kept with its reason and counted; the promise resolves when everything is committed.
 */
import { sayReason } from '@torv/core/reasons';
import type { Sql } from '../db/database.ts';
import type { Batcher } from './batcher.ts';
import type { SourceFormat } from './source.ts';
import { ADAPTERS } from './sources/table.ts';
import { insertRejectedMessage, learnSources } from './store.ts';
import type { IngestItem, IngestReport } from './uplink.ts';

export interface Message {
  /** The message to the letter. */
  readonly body: Buffer | string;
  /** RFC 3339 */
  readonly arrivedAt: string;
  readonly topic?: string;
  readonly event?: string;
}

export interface SourceRef {
  readonly id: number;
  readonly organisationId: number;
  readonly format: SourceFormat;
}

export interface Rejection {
  readonly index: number;
  readonly reason: string;
  readonly at?: string;
}

export interface AcceptReport extends IngestReport {
  readonly messages: number;
  readonly ignored: readonly { readonly index: number; readonly reason: string }[];
  readonly rejections: readonly Rejection[];
}

export interface AcceptDeps {
  readonly sql: Sql;
  readonly batcher: Batcher;
}

/** The largest message that is kept whole; a network server's uplink has a few kilobytes. */
const MAX_MESSAGE_BYTES = 256 * 1024;

function toHint(message: Message): { event?: string; topic?: string } {
  return {
    ...(message.event === undefined ? {} : { event: message.event }),
    ...(message.topic === undefined ? {} : { topic: message.topic }),
  };
}

/**
 * @param keepMessage false for files, whose lines are there to be read again
 * @param isGiven asked after the commit: true once the same messages went another way (to the spool) and are
 *   counted there; frames are merged by themselves, counts and rejected messages are not
 */
export async function acceptMessages(
  deps: AcceptDeps,
  source: SourceRef,
  messages: readonly Message[],
  keepMessage = true,
  isGiven: () => boolean = () => false,
): Promise<AcceptReport> {
  const adapter = ADAPTERS[source.format];
  const items: IngestItem[] = [];
  const rejections: (Rejection & { message: Message })[] = [];
  const ignored: { index: number; reason: string }[] = [];
  messages.forEach((message, index) => {
    const text = typeof message.body === 'string' ? message.body : message.body.toString('utf8');
    if (text.length > MAX_MESSAGE_BYTES) {
      rejections.push({ index, reason: sayReason('message_large'), message });
      return;
    }
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      rejections.push({ index, reason: sayReason('message_no_json'), message });
      return;
    }
    const parsed = adapter.parse(json, message.arrivedAt, toHint(message));
    if (parsed.kind === 'ignored') ignored.push({ index, reason: parsed.reason });
    else if (parsed.kind === 'rejected') {
      rejections.push({
        index,
        reason: parsed.reason,
        message,
        ...(parsed.at === undefined ? {} : { at: parsed.at }),
      });
    } else {
      items.push({
        organisationId: source.organisationId,
        sourceId: source.id,
        uplink: parsed.uplink,
        arrivedAt: message.arrivedAt,
        // PostgreSQL's text holds no NUL; JSON writes it as an escape, so only broken senders meet this.
        ...(keepMessage ? { message: text.replaceAll('\u0000', '') } : {}),
      });
    }
  });
  const report = await deps.batcher.accept(items);
  const told = {
    ...report,
    messages: messages.length,
    ignored,
    rejections: rejections.map(({ message: _message, ...rejection }) => rejection),
  };
  if (isGiven()) return told;
  for (const { message, reason, at } of rejections) {
    await insertRejectedMessage(deps.sql, {
      organisationId: source.organisationId,
      sourceId: source.id,
      arrivedAt: message.arrivedAt,
      reason,
      at: at ?? null,
      body: Buffer.from(message.body).subarray(0, MAX_MESSAGE_BYTES),
    });
  }
  const last = messages.at(-1);
  if (last) {
    await learnSources(deps.sql, [
      {
        sourceId: source.id,
        messages: messages.length,
        faults: rejections.length,
        ignored: ignored.length,
        at: last.arrivedAt,
        fault: rejections.at(-1)?.reason ?? null,
      },
    ]);
  }
  return told;
}
