/** The link that opens a room's screen: which room, and the secret that never leaves the fragment. */
export interface ScreenLink {
  readonly placeId: string;
  readonly secret: string;
}

/** `/screen?place=7#secret`; undefined where a part is missing. */
export function parseScreenLink(search: string, hash: string): ScreenLink | undefined {
  const placeId = /^\d+$/.exec(new URLSearchParams(search).get('place') ?? '')?.[0];
  const secret = /^#([A-Za-z0-9_-]{43})$/.exec(hash)?.[1];
  return placeId === undefined || secret === undefined ? undefined : { placeId, secret };
}
