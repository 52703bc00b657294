/**
 * One example of a request per route, for the role test. It names rows of the organisation `world.organisation`;
 * a caller inside it must be served (or meet one of `statuses`), a caller from elsewhere must find nothing there.
 */
import { PASSWORD } from '../people.ts';
import {
  type Caller,
  FOREIGN_MARK,
  findSessionId,
  freshKey,
  freshLink,
  freshSession,
  MARK,
  throwawaySession,
  type World,
} from './roles-world.ts';

export { FOREIGN_MARK, MARK };

export interface Parameters {
  readonly url: string;
  readonly body?: unknown;
  readonly version?: number;
  readonly session?: string | undefined;
}

export interface Example {
  readonly make: (world: World, caller: Caller) => Parameters | Promise<Parameters>;
  /** missing: it names rows of one organisation; none: it is about the caller himself, or about nobody. */
  readonly foreign: 'missing' | 'none';
  /** Failures that still show that the door was passed, e.g. 412 for a version that is deliberately wrong. */
  readonly statuses?: readonly number[];
  /** Keys and screens have no account. */
  readonly peopleOnly?: boolean;
  /** The answer goes on for ever once it is given. */
  readonly streams?: boolean;
}

/** So high that nothing is ever changed by it: the walk must leave the world as it is. */
const STALE = 999_999;
const SOON = '2026-01-01T00:00:00Z';

const about = (
  url: (world: World) => string,
  rest: Omit<Parameters, 'url'> = {},
  statuses: readonly number[] = [],
): Example => ({
  make: (world) => ({ url: url(world), ...rest }),
  foreign: 'missing',
  statuses,
});
const nobody = (
  url: string,
  rest: Omit<Parameters, 'url'> = {},
  statuses: readonly number[] = [],
): Example => ({
  make: () => ({ url, ...rest }),
  foreign: 'none',
  statuses,
});

/** No such link: whoever holds none is refused like everybody else, so these are not about roles. */
const SECRET = 'A'.repeat(43);
const SCRIPT = 'function decodeUplink(input) { return { data: { port: input.fPort } }; }';

export const EXAMPLES: Readonly<Record<string, Example>> = {
  'GET /healthz': nobody('/healthz'),
  'GET /readyz': nobody('/readyz'),
  'GET /api/openapi.json': nobody('/api/openapi.json'),
  'POST /ingest/:format': nobody('/ingest/torv'),

  'GET /api/v1/session': nobody('/api/v1/session'),
  'POST /api/v1/session': {
    foreign: 'none',
    make: async (world, caller) => ({
      url: '/api/v1/session',
      body: {
        email: caller === 'instance' ? 'first@skaering.example' : 'outsider@anden.example',
        password: PASSWORD,
      },
      session: await freshSession(world, caller),
    }),
  },
  'DELETE /api/v1/session': {
    foreign: 'none',
    make: async (world, caller) => ({ url: '/api/v1/session', session: await freshSession(world, caller) }),
  },
  'GET /api/v1/sessions': { ...nobody('/api/v1/sessions'), peopleOnly: true },
  'DELETE /api/v1/sessions/:id': { foreign: 'none', peopleOnly: true, make: endsOne },
  'DELETE /api/v1/sessions': { foreign: 'none', peopleOnly: true, make: endsAll },
  'GET /api/v1/me': { ...nobody('/api/v1/me'), peopleOnly: true },
  'PATCH /api/v1/me': {
    ...nobody('/api/v1/me', { version: STALE, body: { locale: 'da' } }, [412]),
    peopleOnly: true,
  },

  'POST /api/v1/links/look': closed('/api/v1/links/look', { secret: SECRET }),
  'POST /api/v1/links/first-administrator': closed('/api/v1/links/first-administrator', {
    secret: SECRET,
    email: 'x@x.example',
    name: 'X',
    password: PASSWORD,
  }),
  'POST /api/v1/links/invitation': closed('/api/v1/links/invitation', {
    secret: SECRET,
    name: 'X',
    password: PASSWORD,
  }),
  'POST /api/v1/links/password-reset': nobody('/api/v1/links/password-reset', {
    body: { email: `viewer@${MARK}.example` },
  }),
  'POST /api/v1/links/password': closed('/api/v1/links/password', { secret: SECRET, password: PASSWORD }),

  'GET /api/v1/organisations': nobody('/api/v1/organisations'),
  'GET /api/v1/organisations/:id': about((w) => `/api/v1/organisations/${w.organisation}`),
  'POST /api/v1/organisations': nobody(
    '/api/v1/organisations',
    {
      body: {
        name: 'Anden by',
        slug: 'anden-by',
        country: 'DK',
        timeZone: 'Europe/Copenhagen',
        locale: 'da',
      },
    },
    [409],
  ),
  'PATCH /api/v1/organisations/:id': about(
    (w) => `/api/v1/organisations/${w.organisation}`,
    { version: STALE, body: { name: 'Ny' } },
    [412],
  ),

  'GET /api/v1/users': about((w) => `/api/v1/users?organisation=${w.organisation}`),
  'GET /api/v1/users/:id': about((w) => `/api/v1/users/${w.member}?organisation=${w.organisation}`),
  'POST /api/v1/users': about((w) => `/api/v1/users?organisation=${w.organisation}`, {
    body: { email: 'new@anden.example', role: 'viewer' },
  }),
  'PATCH /api/v1/users/:id': about(
    (w) => `/api/v1/users/${w.member}?organisation=${w.organisation}`,
    { version: STALE, body: { role: 'administrator' } },
    [412],
  ),
  'DELETE /api/v1/users/:id': about(
    (w) => `/api/v1/users/${w.member}?organisation=${w.organisation}`,
    { version: STALE },
    [412],
  ),
  'POST /api/v1/users/:id/password-link': about(
    (w) => `/api/v1/users/${w.member}/password-link?organisation=${w.organisation}`,
  ),
  'DELETE /api/v1/users/invitations/:invitation': {
    foreign: 'missing',
    make: async (w) => ({
      url: `/api/v1/users/invitations/${await freshLink(w, 'invitation')}?organisation=${w.organisation}`,
    }),
  },

  'GET /api/v1/keys': about((w) => `/api/v1/keys?organisation=${w.organisation}`),
  'POST /api/v1/keys': about((w) => `/api/v1/keys?organisation=${w.organisation}`, {
    body: { name: 'Ny', scopes: ['read'] },
  }),
  'DELETE /api/v1/keys/:id': {
    foreign: 'missing',
    make: async (w) => ({ url: `/api/v1/keys/${await freshKey(w)}` }),
  },

  'GET /api/v1/places/:id/screens': about((w) => `/api/v1/places/${w.room}/screens`),
  'POST /api/v1/places/:id/screens': about((w) => `/api/v1/places/${w.room}/screens`, { body: { days: 1 } }),
  'DELETE /api/v1/places/:id/screens/:screen': {
    foreign: 'missing',
    make: async (w) => ({ url: `/api/v1/places/${w.room}/screens/${await freshLink(w, 'room-screen')}` }),
  },

  'GET /api/v1/contact-roles': about((w) => `/api/v1/contact-roles?organisation=${w.organisation}`),
  'GET /api/v1/contact-roles/:id': about((w) => `/api/v1/contact-roles/${w.contactRole}`),
  'POST /api/v1/contact-roles': about(
    (w) => `/api/v1/contact-roles?organisation=${w.organisation}`,
    { body: { name: 'Ny pedel' } },
    [409],
  ),
  'PATCH /api/v1/contact-roles/:id': about(
    (w) => `/api/v1/contact-roles/${w.contactRole}`,
    { version: STALE, body: { mailbox: null } },
    [412],
  ),
  'DELETE /api/v1/contact-roles/:id': about(
    (w) => `/api/v1/contact-roles/${w.contactRole}`,
    { version: STALE },
    [412],
  ),

  'GET /api/v1/audit': about((w) => `/api/v1/audit?organisation=${w.organisation}`),

  'GET /api/v1/places': about((w) => `/api/v1/places?organisation=${w.organisation}`),
  'GET /api/v1/ground': about((w) => `/api/v1/ground?organisation=${w.organisation}`),
  'GET /api/v1/places/:id': about((w) => `/api/v1/places/${w.neighbour}`),
  'GET /api/v1/places/:id/series': about(
    (w) => `/api/v1/places/${w.neighbour}/series?property=co2&from=${SOON}&to=2026-01-02T00:00:00Z`,
  ),
  'POST /api/v1/places': about((w) => `/api/v1/places?organisation=${w.organisation}`, {
    body: { name: 'Ny', kind: 'site' },
  }),
  'PATCH /api/v1/places/:id': about(
    (w) => `/api/v1/places/${w.neighbour}`,
    { version: STALE, body: { floor: '1' } },
    [412],
  ),
  'DELETE /api/v1/places/:id': about((w) => `/api/v1/places/${w.neighbour}`, { version: STALE }, [412]),
  'GET /api/v1/live': { ...about((w) => `/api/v1/live?organisation=${w.organisation}`), streams: true },

  'GET /api/v1/devices': about((w) => `/api/v1/devices?organisation=${w.organisation}`),
  'GET /api/v1/devices/:id': about((w) => `/api/v1/devices/${w.device}`),
  'GET /api/v1/devices/:id/frames': about((w) => `/api/v1/devices/${w.device}/frames`),
  'POST /api/v1/devices/claim': about(
    (w) => `/api/v1/devices/claim?organisation=${w.organisation}`,
    { body: { devEui: 'a81758fffe0000bb', codec: 'none/such', placeId: 1 } },
    [400, 404],
  ),
  'PATCH /api/v1/devices/:id': about(
    (w) => `/api/v1/devices/${w.device}`,
    { version: STALE, body: { serial: '1' } },
    [412],
  ),
  'POST /api/v1/devices/:id/codec': about(
    (w) => `/api/v1/devices/${w.device}/codec`,
    { version: STALE, body: { codec: 'elsys/ers' } },
    [404, 412],
  ),
  'POST /api/v1/devices/:id/move': about(
    (w) => `/api/v1/devices/${w.device}/move`,
    { version: STALE, body: { placeId: 1, from: SOON } },
    [404, 409, 412],
  ),
  'POST /api/v1/devices/:id/replace': about(
    (w) => `/api/v1/devices/${w.device}/replace`,
    { version: STALE, body: { devEui: 'a81758fffe0000bb', codec: 'none/such', at: SOON } },
    [400, 404, 412],
  ),
  'POST /api/v1/devices/:id/retire': about(
    (w) => `/api/v1/devices/${w.device}/retire`,
    { version: STALE, body: { at: SOON } },
    [412],
  ),
  'POST /api/v1/devices/:id/replay': about((w) => `/api/v1/devices/${w.device}/replay`, {}, [400]),

  'GET /api/v1/codecs': about((w) => `/api/v1/codecs?organisation=${w.organisation}`),
  'GET /api/v1/codecs/:id': about((w) => `/api/v1/codecs/${w.codec}`),
  'GET /api/v1/codecs/:id/versions/:number': about((w) => `/api/v1/codecs/${w.codec}/versions/1`),
  'POST /api/v1/codecs/try': nobody('/api/v1/codecs/try', {
    body: { script: SCRIPT, fPort: 1, bytes: '00' },
  }),
  'POST /api/v1/codecs/check': nobody('/api/v1/codecs/check', {
    body: { script: SCRIPT, mapping: [], vectors: [] },
  }),
  'POST /api/v1/codecs': about(
    (w) => `/api/v1/codecs?organisation=${w.organisation}`,
    {
      body: {
        key: 'own/other',
        vendor: 'Own',
        model: 'Other',
        title: 'Other',
        script: SCRIPT,
        mapping: [],
        vectors: [],
      },
    },
    // the first caller makes it; for the next one it is a new version, which names the one before
    [400, 428],
  ),
  'POST /api/v1/codecs/:id/release': about(
    (w) => `/api/v1/codecs/${w.codec}/release`,
    { version: STALE },
    [409, 412],
  ),

  'GET /api/v1/inbox': about((w) => `/api/v1/inbox?organisation=${w.organisation}`),
  'POST /api/v1/inbox/preview': {
    foreign: 'missing',
    statuses: [400, 404],
    make: (w) => ({ url: '/api/v1/inbox/preview', body: { deviceId: w.device, codec: 'none/such' } }),
  },
  'GET /api/v1/claim-rules': about((w) => `/api/v1/claim-rules?organisation=${w.organisation}`),
  'POST /api/v1/claim-rules': about((w) => `/api/v1/claim-rules?organisation=${w.organisation}`, {
    body: { name: 'Ny', namePattern: 'nothing-*', nameTemplate: 'Ny' },
  }),
  'PATCH /api/v1/claim-rules/:id': about(
    (w) => `/api/v1/claim-rules/${w.rule}`,
    { version: STALE, body: { name: 'Ny' } },
    [412],
  ),
  'DELETE /api/v1/claim-rules/:id': about((w) => `/api/v1/claim-rules/${w.rule}`, { version: STALE }, [412]),
  'POST /api/v1/claim-rules/preview': about(
    (w) => `/api/v1/claim-rules/preview?organisation=${w.organisation}`,
    { body: {} },
  ),
  'POST /api/v1/claim-rules/apply': about(
    (w) => `/api/v1/claim-rules/apply?organisation=${w.organisation}`,
    { body: { deviceIds: [] } },
    [400],
  ),
  'GET /api/v1/claim-batches': about((w) => `/api/v1/claim-batches?organisation=${w.organisation}`),
  'POST /api/v1/claim-batches/:id/undo': about(
    (w) => `/api/v1/claim-batches/${w.batch}/undo`,
    {},
    [400, 409],
  ),

  'GET /api/v1/groups': about((w) => `/api/v1/groups?organisation=${w.organisation}`),
  'GET /api/v1/groups/:id': about((w) => `/api/v1/groups/${w.group}`),
  'POST /api/v1/groups': {
    foreign: 'missing',
    make: (w) => ({
      url: `/api/v1/groups?organisation=${w.organisation}`,
      body: { siteId: w.site, years: [{ schoolYear: 2026, name: 'Ny', people: null }], rooms: [] },
    }),
  },
  'PATCH /api/v1/groups/:id': about(
    (w) => `/api/v1/groups/${w.group}`,
    { version: STALE, body: { rooms: [] } },
    [412],
  ),
  'POST /api/v1/groups/advance': about((w) => `/api/v1/groups/advance?organisation=${w.organisation}`, {
    body: { schoolYear: 1990 },
  }),

  'GET /api/v1/sources': about((w) => `/api/v1/sources?organisation=${w.organisation}`),
  'GET /api/v1/sources/:id': about((w) => `/api/v1/sources/${w.source}`),
  'POST /api/v1/sources': about((w) => `/api/v1/sources?organisation=${w.organisation}`, {
    body: { name: 'Ny', kind: 'webhook', format: 'torv' },
  }),
  'PATCH /api/v1/sources/:id': about(
    (w) => `/api/v1/sources/${w.source}`,
    { version: STALE, body: { enabled: false } },
    [412],
  ),
  'POST /api/v1/sources/:id/key': about((w) => `/api/v1/sources/${w.source}/key`, { version: STALE }, [412]),
  'DELETE /api/v1/sources/:id': about((w) => `/api/v1/sources/${w.source}`, { version: STALE }, [412]),
  // no broker is asked: without its address the request is wrong, after the role was looked at
  'POST /api/v1/sources/test': about(
    (w) => `/api/v1/sources/test?organisation=${w.organisation}`,
    { body: { settings: {} } },
    [400],
  ),
  'POST /api/v1/sources/try': nobody('/api/v1/sources/try', { body: { format: 'torv', message: {} } }, [400]),

  'POST /api/v1/codecs/:id/redecode': {
    foreign: 'missing',
    statuses: [400],
    make: (w) => ({
      url: `/api/v1/codecs/${w.codec}/redecode`,
      body: { organisation: w.organisation, from: SOON, until: SOON },
    }),
  },
  'POST /api/v1/codecs/:id/redecode/start': {
    foreign: 'missing',
    statuses: [400],
    make: (w) => ({
      url: `/api/v1/codecs/${w.codec}/redecode/start`,
      body: { organisation: w.organisation, from: SOON, until: SOON },
    }),
  },
  'GET /api/v1/jobs': about((w) => `/api/v1/jobs?organisation=${w.organisation}`),
  'GET /api/v1/jobs/:id': about((w) => `/api/v1/jobs/${w.job}`),
  'POST /api/v1/jobs/:id/cancel': about((w) => `/api/v1/jobs/${w.job}/cancel`, {}, [409]),

  // names no version and so is never found, for anybody
  // says that it is for MQTT clients
  'GET /mqtt': nobody('/mqtt', {}, [400]),
  'GET /sta': nobody('/sta', {}, [404]),
  'GET /sta/v1.1': nobody('/sta/v1.1'),
  // a Thing of the organisation by its number, with what hangs on it
  'GET /sta/v1.1/*': about((w) => `/sta/v1.1/Things(${w.neighbour})?$expand=Locations`),
  'OPTIONS /sta/v1.1/*': nobody('/sta/v1.1/Things'),
  'POST /sta/v1.1/CreateObservations': nobody('/sta/v1.1/CreateObservations', { body: [] }),
  // what is wrong with the body is said to those alone who may write there
  'POST /sta/v1.1/*': about((w) => `/sta/v1.1/Things(${w.neighbour})/Datastreams`, { body: {} }, [400]),
  'PATCH /sta/v1.1/*': about(
    (w) => `/sta/v1.1/Things(${w.neighbour})`,
    { version: STALE, body: { description: 'Ny' } },
    [412],
  ),
  'PUT /sta/v1.1/*': about(
    (w) => `/sta/v1.1/Things(${w.neighbour})`,
    { version: STALE, body: { name: 'Ny', description: 'Ny' } },
    [412],
  ),
  'DELETE /sta/v1.1/*': about((w) => `/sta/v1.1/Things(${w.neighbour})`, { version: STALE }, [412]),

  // An upload's number is drawn at random: one that nobody has is missing for everybody.
  'POST /api/v1/imports': about((w) => `/api/v1/imports?organisation=${w.organisation}`, { body: {} }, [400]),
  'GET /api/v1/imports': about((w) => `/api/v1/imports?organisation=${w.organisation}`),
  'GET /api/v1/imports/:id': nobody(`/api/v1/imports/${'0'.repeat(32)}`, {}, [404]),
  'DELETE /api/v1/imports/:id': nobody(`/api/v1/imports/${'0'.repeat(32)}`, {}, [404]),
  'POST /api/v1/imports/:id/preview': nobody(
    `/api/v1/imports/${'0'.repeat(32)}/preview`,
    { body: { kind: 'places' } },
    [404],
  ),
  'POST /api/v1/imports/:id/confirm': nobody(
    `/api/v1/imports/${'0'.repeat(32)}/confirm`,
    { body: { kind: 'places' } },
    [400, 404],
  ),
  'GET /api/v1/export/readings': about((w) => `/api/v1/export/readings?organisation=${w.organisation}`),
  'GET /api/v1/export/places': about((w) => `/api/v1/export/places?organisation=${w.organisation}`),
  'GET /api/v1/export/devices': about((w) => `/api/v1/export/devices?organisation=${w.organisation}`),
  'GET /api/v1/export/groups': about((w) => `/api/v1/export/groups?organisation=${w.organisation}`),
};

/** A door that opens by a secret alone: without one it is shut for everybody. */
function closed(url: string, body: unknown): Example {
  return { foreign: 'none', make: () => ({ url, body }), statuses: [403] };
}

async function endsOne(world: World, caller: Caller): Promise<Parameters> {
  const other = await freshSession(world, caller);
  const id = other === undefined ? 1 : await findSessionId(world, other);
  return { url: `/api/v1/sessions/${id}` };
}

/** Done as somebody who is not needed any more: the walk goes on with the caller's own session. */
async function endsAll(world: World, caller: Caller): Promise<Parameters> {
  const hasAccount = world.sessions[caller] !== undefined;
  return { url: '/api/v1/sessions', session: hasAccount ? await throwawaySession(world) : undefined };
}
