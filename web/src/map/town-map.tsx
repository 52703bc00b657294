/**
 * The town with a mark per place or group of places, the worst state on top. Every mark is a button; the list
 * beside the map (the page's) holds the same places in the same order and is the equivalent without a map.
 */
import { Button, Link } from '@digdir/designsystemet-react';
import { MinusIcon, PlusIcon, XMarkIcon } from '@navikt/aksel-icons';
import { Link as RouterLink } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useMemo, useReducer, useState } from 'react';
import type { Ground, PlaceSummary } from '../answers.ts';
import { useText } from '../i18n/language.tsx';
import { StateIcon, StateMark } from '../parts/state-mark.tsx';
import { useNow } from '../parts/use-now.ts';
import { useWords } from '../parts/use-words.ts';
import { Waiting } from '../parts/waiting.tsx';
import { toShown } from '../place-state.ts';
import { toPlaceSentence } from '../sentences.ts';
import type { BaseMapHandle } from './base-map.tsx';
import { type Cluster, FIT_PADDING, toBox, toClusters, toSpots } from './cluster.ts';
import { groundPositions } from './ground-style.ts';
import './town-map.css';
import { loadPart } from '../parts/load-part.ts';

const BaseMap = lazy(async () => ({ default: (await loadPart(() => import('./base-map.tsx'))).BaseMap }));

/** Half a finger: marks closer than this share one (WCAG 2.5.8 wants 24 px targets). */
const CLUSTER_RADIUS_PX = 40;
/** Closer than this a group is not pulled apart but listed: the ground would be one roof. */
const CLOSEST_ZOOM = 18;

interface TownMapProps {
  /** What is shown, in the order of the list. */
  readonly places: readonly PlaceSummary[];
  /** All places, so that a room can stand where its building stands. */
  readonly all: readonly PlaceSummary[];
  readonly ground: Ground | undefined;
  /** A place pointed at in the list. */
  readonly pointedAt: number | null;
}

export function TownMap(props: TownMapProps) {
  const t = useText('places');
  const [map, setMap] = useState<BaseMapHandle | undefined | null>();
  const [zoom, setZoom] = useState(13);
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const [open, setOpen] = useState<readonly number[]>([]);
  const spots = useMemo(() => toSpots(props.places, props.all), [props.places, props.all]);
  const clusters = useMemo(() => toClusters(spots, zoom, CLUSTER_RADIUS_PX), [spots, zoom]);
  const box = useMemo(() => {
    const positions = spots.map((spot) => spot.position);
    return toBox(positions.length > 0 ? positions : groundPositions(props.ground));
  }, [spots, props.ground]);

  useEffect(() => {
    if (!map) return;
    const settle = () => setZoom(Math.round(map.getZoom() * 4) / 4);
    settle();
    map.on('move', redraw);
    map.on('resize', redraw);
    map.on('zoomend', settle);
    return () => {
      map.off('move', redraw);
      map.off('resize', redraw);
      map.off('zoomend', settle);
    };
  }, [map]);

  if (map === null) return <p>{t('map_no_webgl')}</p>;

  const press = (cluster: Cluster) => {
    const inside = toBox(
      spots.filter((spot) => cluster.places.includes(spot.place)).map((spot) => spot.position),
    );
    if (cluster.places.length === 1 || !map || !inside || map.getZoom() >= CLOSEST_ZOOM || isPoint(inside)) {
      setOpen(cluster.places.map((place) => place.id));
      return;
    }
    map.fitBounds([...inside] as [number, number, number, number], {
      padding: FIT_PADDING,
      maxZoom: CLOSEST_ZOOM + 0.5,
      duration: pace(),
    });
  };

  return (
    <div className="torv-map">
      <Suspense fallback={<Waiting heightRem={24} />}>
        <BaseMap label={t('map_label')} ground={props.ground} box={box} onMap={setMap} />
      </Suspense>
      {map && (
        <>
          <div className="torv-map-marks">
            {clusters.map((cluster) => (
              <Mark
                key={cluster.key}
                cluster={cluster}
                at={map.project([cluster.position[0], cluster.position[1]])}
                pointedAt={cluster.places.some((place) => place.id === props.pointedAt)}
                onPress={() => press(cluster)}
              />
            ))}
          </div>
          <div className="torv-map-tools">
            <Button
              icon
              variant="secondary"
              data-size="sm"
              aria-label={t('map_zoom_in')}
              onClick={() => map.zoomIn({ duration: pace() })}
            >
              <PlusIcon aria-hidden />
            </Button>
            <Button
              icon
              variant="secondary"
              data-size="sm"
              aria-label={t('map_zoom_out')}
              onClick={() => map.zoomOut({ duration: pace() })}
            >
              <MinusIcon aria-hidden />
            </Button>
            {box && (
              <Button
                variant="secondary"
                data-size="sm"
                onClick={() =>
                  map.fitBounds([...box] as [number, number, number, number], {
                    padding: FIT_PADDING,
                    maxZoom: 17,
                    duration: pace(),
                  })
                }
              >
                {t('map_fit')}
              </Button>
            )}
          </div>
        </>
      )}
      <OpenPlaces
        places={props.places.filter((place) => open.includes(place.id))}
        onClose={() => setOpen([])}
      />
    </div>
  );
}

interface MarkProps {
  readonly cluster: Cluster;
  readonly at: { readonly x: number; readonly y: number };
  readonly pointedAt: boolean;
  readonly onPress: () => void;
}

function Mark(props: MarkProps) {
  const t = useText('places');
  const shell = useText('shell');
  const { places } = props.cluster;
  const state = shell(`state_${props.cluster.state}`);
  const only = places.length === 1 ? places[0] : undefined;
  const name = only ? `${only.name}: ${state}` : t('map_cluster', { count: places.length, state });
  return (
    <button
      type="button"
      className="torv-mark"
      data-level={props.cluster.state}
      data-pointed={props.pointedAt}
      style={{
        transform: `translate(${Math.round(props.at.x)}px, ${Math.round(props.at.y)}px) translate(-50%, -50%)`,
      }}
      aria-label={name}
      title={name}
      onClick={props.onPress}
    >
      <StateIcon state={props.cluster.state} />
      {places.length > 1 && <span className="torv-number">{places.length}</span>}
    </button>
  );
}

function OpenPlaces(props: { readonly places: readonly PlaceSummary[]; readonly onClose: () => void }) {
  const shell = useText('shell');
  const words = useWords();
  const now = useNow();
  if (props.places.length === 0) return null;
  return (
    <div className="torv-map-card" role="status">
      <Button
        icon
        variant="tertiary"
        data-size="sm"
        className="torv-map-close"
        aria-label={shell('close')}
        onClick={props.onClose}
      >
        <XMarkIcon aria-hidden />
      </Button>
      {props.places.map((place) => (
        <div key={place.id}>
          <div className="torv-row">
            <Link asChild>
              <RouterLink to="/places/$placeId" params={{ placeId: String(place.id) }}>
                {place.name}
              </RouterLink>
            </Link>
            <StateMark plain state={toShown(place.state)} />
          </div>
          <p>{toPlaceSentence(words, place.state, now)}</p>
        </div>
      ))}
    </div>
  );
}

function isPoint([west, south, east, north]: readonly [number, number, number, number]): boolean {
  return east - west < 1e-6 && north - south < 1e-6;
}

function pace(): number {
  return window.matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : 250;
}
