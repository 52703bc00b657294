/**
 * Choosing one position: click the map, drag the point, arrow keys on the point, or type the coordinates.
 * All four do the same; the value is the caller's.
 */
import { Textfield } from '@digdir/designsystemet-react';
import { LocationPinFillIcon } from '@navikt/aksel-icons';
import {
  type KeyboardEvent,
  lazy,
  type PointerEvent,
  Suspense,
  useEffect,
  useReducer,
  useState,
} from 'react';
import type { Ground } from '../answers.ts';
import { useText } from '../i18n/language.tsx';
import { Waiting } from '../parts/waiting.tsx';
import type { BaseMapHandle } from './base-map.tsx';
import { type Position, toBox } from './cluster.ts';
import { groundPositions } from './ground-style.ts';
import './town-map.css';
import './pick-map.css';
import { loadPart } from '../parts/load-part.ts';

const BaseMap = lazy(async () => ({ default: (await loadPart(() => import('./base-map.tsx'))).BaseMap }));

const STEP_PX = 4;
const PIN_PX = 40;
const STEPS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-STEP_PX, 0],
  ArrowRight: [STEP_PX, 0],
  ArrowUp: [0, -STEP_PX],
  ArrowDown: [0, STEP_PX],
};

interface PickMapProps {
  readonly ground: Ground | undefined;
  readonly value: Position | null;
  readonly onPick: (position: Position) => void;
}

export function PickMap(props: PickMapProps) {
  const t = useText('places');
  const [map, setMap] = useState<BaseMapHandle | undefined | null>();
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const { value, onPick } = props;

  useEffect(() => {
    if (!map) return;
    const pick = (event: { readonly lngLat: { readonly lng: number; readonly lat: number } }) =>
      onPick(toRounded(event.lngLat.lng, event.lngLat.lat));
    map.on('click', pick);
    map.on('move', redraw);
    return () => {
      map.off('click', pick);
      map.off('move', redraw);
    };
  }, [map, onPick]);

  // a typed position may lie outside of what is shown
  useEffect(() => {
    if (map && value && !map.getBounds().contains([value[0], value[1]]))
      map.jumpTo({ center: [value[0], value[1]] });
  }, [map, value]);

  const at = map && value ? map.project([value[0], value[1]]) : undefined;
  const moveTo = (x: number, y: number) => {
    if (!map) return;
    const { lng, lat } = map.unproject([x, y]);
    onPick(toRounded(lng, lat));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = STEPS[event.key];
    if (!step || !at) return;
    event.preventDefault();
    moveTo(at.x + step[0], at.y + step[1]);
  };
  const onPointerMove = (event: PointerEvent<HTMLButtonElement>) => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
    const frame = event.currentTarget.parentElement?.getBoundingClientRect();
    // the tip, not the hand, is the position
    if (frame) moveTo(event.clientX - frame.left, event.clientY - frame.top + PIN_PX / 2);
  };

  return (
    <div className="torv-stack">
      <p className="torv-quiet">{t('pick_help')}</p>
      {map === null ? (
        <p>{t('map_no_webgl')}</p>
      ) : (
        <div className="torv-map torv-map-pick">
          <Suspense fallback={<Waiting heightRem={20} />}>
            <BaseMap
              label={t('pick_label')}
              ground={props.ground}
              box={toBox(value ? [value] : groundPositions(props.ground))}
              onMap={setMap}
            />
          </Suspense>
          {at && (
            <div className="torv-map-marks">
              <button
                type="button"
                className="torv-pin"
                aria-label={t('pick_label')}
                style={{ transform: `translate(${at.x}px, ${at.y}px) translate(-50%, -100%)` }}
                onKeyDown={onKeyDown}
                onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
                onPointerMove={onPointerMove}
              >
                <LocationPinFillIcon aria-hidden />
              </button>
            </div>
          )}
        </div>
      )}
      <div className="torv-row">
        <Coordinate
          label={t('pick_latitude')}
          most={90}
          value={value?.[1]}
          onChange={(latitude) => onPick([value?.[0] ?? 0, latitude])}
        />
        <Coordinate
          label={t('pick_longitude')}
          most={180}
          value={value?.[0]}
          onChange={(longitude) => onPick([longitude, value?.[1] ?? 0])}
        />
      </div>
    </div>
  );
}

interface CoordinateProps {
  readonly label: string;
  readonly most: number;
  readonly value: number | undefined;
  readonly onChange: (value: number) => void;
}

/** Keeps what is typed until it is a number in range; takes a decimal comma as well. */
function Coordinate(props: CoordinateProps) {
  const t = useText('places');
  const [typed, setTyped] = useState<string | null>(null);
  const number = typed === null || typed.trim() === '' ? Number.NaN : Number(typed.replace(',', '.'));
  const wrong = typed !== null && typed !== '' && !(Math.abs(number) <= props.most);
  return (
    <Textfield
      label={props.label}
      inputMode="decimal"
      data-size="sm"
      value={typed ?? props.value?.toString() ?? ''}
      error={wrong ? t('pick_wrong', { min: -props.most, max: props.most }) : undefined}
      onChange={(event) => {
        const text = event.currentTarget.value;
        setTyped(text);
        const value = Number(text.replace(',', '.'));
        if (text.trim() !== '' && Math.abs(value) <= props.most) props.onChange(value);
      }}
      onBlur={() => {
        if (!wrong) setTyped(null);
      }}
    />
  );
}

/** Six decimals are 11 cm: more would pretend. */
function toRounded(longitude: number, latitude: number): Position {
  return [Math.round(longitude * 1e6) / 1e6, Math.round(latitude * 1e6) / 1e6];
}
