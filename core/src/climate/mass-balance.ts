/**
 * CO2 in a well-mixed room: V dC/dt = G n - Q (C - Cout), solved in closed form over a step in which people and
 * air change stand still. Used by the simulator of the demo town and wherever Torv explains a room's curve.
 * It knows nothing of sensors: what comes out is the room's air, without noise or offset.
 */

/**
 * CO2 given off per person, litres an hour, seated at school work (Persily and de Jonge, Indoor Air 2017,
 * doi:10.1111/ina.12383, as used in classroom studies: 0.30 and 0.36 L a minute).
 */
export const CO2_LITRES_PER_HOUR = { pupil: 18, adult: 21.6 } as const;

/** Outdoor air where nothing better is known. */
export const OUTDOOR_CO2_PPM = 420;

export interface RoomAir {
  readonly volumeM3: number;
  /** Outdoor air coming in, as room volumes an hour. */
  readonly airChangesPerHour: number;
  /** CO2 given off by all people together. */
  readonly emissionLitresPerHour: number;
  readonly outdoorPpm: number;
}

/** All people together, litres CO2 an hour. */
export function toEmission(pupils: number, adults: number): number {
  return pupils * CO2_LITRES_PER_HOUR.pupil + adults * CO2_LITRES_PER_HOUR.adult;
}

/** Concentration after `minutes`, starting from `ppm`. */
export function stepCo2(ppm: number, air: RoomAir, minutes: number): number {
  const hours = minutes / 60;
  // 1 litre in 1 m3 is 1,000 ppm by volume
  const risePpmPerHour = (air.emissionLitresPerHour / air.volumeM3) * 1000;
  const exchanged = air.airChangesPerHour * hours;
  if (exchanged < 1e-9) return ppm + risePpmPerHour * hours;
  const steady = air.outdoorPpm + risePpmPerHour / air.airChangesPerHour;
  return steady + (ppm - steady) * Math.exp(-exchanged);
}

/** Where the concentration ends if nothing changes; without air change it never ends. */
export function toSteadyCo2(air: RoomAir): number {
  if (air.emissionLitresPerHour === 0) return air.outdoorPpm;
  return air.outdoorPpm + ((air.emissionLitresPerHour / air.volumeM3) * 1000) / air.airChangesPerHour;
}

/** Minutes until `targetPpm` is passed from below; undefined when it never is, 0 when it is passed already. */
export function toMinutesUntil(targetPpm: number, ppm: number, air: RoomAir): number | undefined {
  if (ppm >= targetPpm) return 0;
  const risePpmPerHour = (air.emissionLitresPerHour / air.volumeM3) * 1000;
  if (air.airChangesPerHour < 1e-9) {
    return risePpmPerHour > 0 ? ((targetPpm - ppm) / risePpmPerHour) * 60 : undefined;
  }
  const steady = toSteadyCo2(air);
  if (steady <= targetPpm) return undefined;
  return (Math.log((steady - ppm) / (steady - targetPpm)) / air.airChangesPerHour) * 60;
}
