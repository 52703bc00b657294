/** The shapes of the access part of /api/v1, as these pages read them. Types only. */
import type { Role } from '../../answers.ts';
import type { Language } from '../../i18n/languages.ts';

export interface Account {
  readonly id: number;
  readonly email: string;
  readonly name: string;
  readonly locale: Language | null;
  readonly version: number;
}

export interface OwnSession {
  readonly id: number;
  readonly userAgent: string;
  readonly createdAt: string;
  readonly lastSeenAt: string;
  readonly current: boolean;
}

export interface LinkFacts {
  readonly kind: 'first-administrator' | 'invitation' | 'password-reset';
  readonly email: string | null;
  readonly organisation: string | null;
  readonly role: Role | null;
  readonly hasAccount: boolean;
  readonly needsOrganisation: boolean;
}

export interface Member {
  readonly id: number;
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  readonly version: number;
  readonly lastSeenAt: string | null;
}

export interface Invitation {
  readonly id: number;
  readonly email: string;
  readonly role: Role;
  readonly expiresAt: string;
}

/** A link that was mailed, or is to be handed over by the administrator. */
export interface Handed {
  readonly mailed: boolean;
  readonly link: string | null;
}

export type Scope = 'read' | 'write' | 'ingest';

export interface ApiKey {
  readonly id: number;
  readonly name: string;
  readonly hint: string;
  readonly scopes: readonly Scope[];
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
  readonly lastUsedAt: string | null;
}

export interface ContactRole {
  readonly id: number;
  readonly name: string;
  readonly mailbox: string | null;
  readonly version: number;
}

export interface AuditEntry {
  readonly id: number;
  readonly at: string;
  readonly actor: {
    readonly kind: 'user' | 'key' | 'system' | 'link';
    readonly id: number | null;
    readonly name: string | null;
  };
  readonly action: string;
  readonly entity: string;
  readonly entityId: string | null;
  readonly before: unknown;
  readonly after: unknown;
}

export interface AuditAnswer {
  readonly entries: readonly AuditEntry[];
  readonly next: number | null;
}
