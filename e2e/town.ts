/** What the journeys need to know about the demo town, asked over the same interface that the pages use. */
interface PlaceAnswer {
  readonly id: number;
  readonly kind: string;
  readonly name: string;
  readonly path: readonly { readonly name: string }[];
  readonly state: {
    readonly headline: {
      readonly property: string;
      readonly phenomenonTime: string;
      readonly stale: boolean;
    } | null;
  };
}

export interface Room {
  readonly id: number;
  readonly kind: string;
  readonly name: string;
  /** The name of the school or the house. */
  readonly site: string;
  readonly path: string;
  readonly property: string | undefined;
  readonly heardMs: number;
}

async function getJson(url: string): Promise<unknown> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

async function getTown(origin: string): Promise<readonly PlaceAnswer[]> {
  const session = (await getJson(`${origin}/api/v1/session`)) as {
    organisations: readonly { readonly id: number }[];
  };
  const id = session.organisations[0]?.id;
  const answer = (await getJson(`${origin}/api/v1/places?organisation=${id}`)) as { places: PlaceAnswer[] };
  return answer.places;
}

/** The places that speak at present, as an anonymous visitor sees them; one sensor of the town is silent. */
export async function findRooms(origin: string): Promise<readonly Room[]> {
  return (await getTown(origin))
    .filter((place) => place.state.headline?.stale === false)
    .map((place) => ({
      id: place.id,
      kind: place.kind,
      name: place.name,
      site: place.path[0]?.name ?? place.name,
      path: `/places/${place.id}`,
      property: place.state.headline?.property,
      heardMs: Date.parse(place.state.headline?.phenomenonTime ?? ''),
    }));
}

/** Names that are the same in every language. */
export async function findProperNames(origin: string): Promise<readonly string[]> {
  return (await getTown(origin)).flatMap((place) => [place.name, ...place.path.map((step) => step.name)]);
}
