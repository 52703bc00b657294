/** The drawn ground: MapLibre in a chunk of its own, loaded with the first map. What lies on it is the caller's. */
import * as maplibregl from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url';
import 'maplibre-gl/dist/maplibre-gl.css';
import { useEffect, useRef } from 'react';
import type { Ground } from '../answers.ts';
import { useIsDark } from '../parts/color-scheme.ts';
import { type Box, FIT_PADDING } from './cluster.ts';
import { toGroundStyle } from './ground-style.ts';

maplibregl.setWorkerUrl(workerUrl);

export type BaseMapHandle = maplibregl.Map;

interface BaseMapProps {
  readonly label: string;
  readonly ground: Ground | undefined;
  readonly box: Box | undefined;
  readonly maxFitZoom?: number;
  /** The map when it stands, undefined when it goes, null when this browser cannot draw it. */
  readonly onMap: (map: BaseMapHandle | undefined | null) => void;
}

const WHOLE_NORTH: Box = [3, 50, 20, 60];

export function BaseMap(props: BaseMapProps) {
  const box = useRef<HTMLDivElement>(null);
  const map = useRef<maplibregl.Map | undefined>(undefined);
  const dark = useIsDark();
  const start = useRef(props);
  const first = useRef({ ground: props.ground, dark });

  useEffect(() => {
    if (box.current === null) return;
    const { label, ground, box: fit, maxFitZoom, onMap } = start.current;
    let made: maplibregl.Map;
    try {
      made = new maplibregl.Map({
        container: box.current,
        style: toGroundStyle(ground, first.current.dark),
        bounds: [...(fit ?? WHOLE_NORTH)] as [number, number, number, number],
        fitBoundsOptions: { padding: FIT_PADDING, maxZoom: maxFitZoom ?? 17, animate: false },
        attributionControl: false,
        dragRotate: false,
        pitchWithRotate: false,
        touchPitch: false,
        maxZoom: 20,
        locale: { 'Map.Title': label },
      });
    } catch {
      onMap(null);
      return;
    }
    made.touchZoomRotate.disableRotation();
    map.current = made;
    onMap(made);
    return () => {
      onMap(undefined);
      map.current = undefined;
      made.remove();
    };
  }, []);

  useEffect(() => {
    map.current?.getCanvas().setAttribute('aria-label', props.label);
  }, [props.label]);

  useEffect(() => {
    if (first.current.ground === props.ground && first.current.dark === dark) return;
    first.current = { ground: props.ground, dark };
    map.current?.setStyle(toGroundStyle(props.ground, dark), { diff: false });
  }, [props.ground, dark]);

  return <div ref={box} className="torv-map-canvas" />;
}
