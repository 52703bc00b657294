/**
 * Who is in a room, minute by minute of a local day: lessons and breaks by timetable, pupils who come in a
 * little late, lessons elsewhere, evening classes, windows and doors opened in breaks. A function of seed and date.
 */
import { type LocalDay, toWallMinute } from './calendar.ts';
import { toHash, toKey, toNormal, toUniform } from './noise.ts';
import type { PlaceData, TownData } from './town.ts';

export interface PresenceDay {
  readonly pupils: Float32Array;
  readonly adults: Float32Array;
  /** 1 where the windows stand open to air the room. */
  readonly airing: Uint8Array;
  readonly doorOpen: Uint8Array;
  /** Number of the running lesson or evening class from 1; 0 outside. */
  readonly lesson: Uint8Array;
}

export interface Lesson {
  /** Minutes after local midnight. */
  readonly from: number;
  readonly until: number;
}

function parseClock(text: string): number {
  return Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5));
}

/** The pupils who start school together in one class; stays the same while the class moves up. */
export function toCohort(place: PlaceData, schoolYear: number): number {
  return place.class ? schoolYear - place.class.grade : 0;
}

/** Pupils in the class that has this room in a school year; 0 where no class has it. */
export function toClassSize(town: TownData, place: PlaceData, schoolYear: number): number {
  if (!place.class) return 0;
  const sizes = town.classSizes;
  const index = toHash(toKey(place.class.letter), toCohort(place, schoolYear), toSite(town, place));
  return sizes[index % sizes.length] ?? 0;
}

function toSite(town: TownData, place: PlaceData): number {
  let at: PlaceData | undefined = place;
  while (at?.parent !== undefined) {
    const parent: string = at.parent;
    at = town.places.find((p) => p.ref === parent);
  }
  return toKey(at?.ref ?? '');
}

/** Lessons on a weekday (1 is Monday) of the class that has this room. */
export function toLessons(town: TownData, place: PlaceData, weekday: number): readonly Lesson[] {
  const grade = place.class?.grade;
  if (grade === undefined || weekday > 5) return [];
  const band = Object.entries(town.timetable.lessonsByGrade).find(([range]) => {
    const [from, until] = range.split('-').map(Number);
    return grade >= (from ?? 0) && grade <= (until ?? 0);
  });
  const count = band?.[1][weekday - 1] ?? 0;
  return town.timetable.lessons
    .slice(0, count)
    .map(([from, until]) => ({ from: parseClock(from), until: parseClock(until) }));
}

interface Frame {
  readonly seed: number;
  readonly day: LocalDay;
  readonly key: number;
}

function fill(target: Float32Array | Uint8Array, from: number, until: number, value: number): void {
  for (let m = Math.max(0, from); m < Math.min(target.length, until); m++) target[m] = value;
}

/** Whether the class has this lesson of the week somewhere else (sports, music, science): the same all year. */
function isElsewhere({ seed, day, key }: Frame, lesson: number): boolean {
  return lesson > 0 && toUniform(seed, 61, key, day.schoolYear * 8 + day.weekday, lesson) < 0.16;
}

function addClass(frame: Frame, out: PresenceDay, lessons: readonly Lesson[], size: number): void {
  const { seed, day, key } = frame;
  const present = Math.round(size * (0.88 + 0.12 * toUniform(seed, 62, key, day.number)));
  lessons.forEach((lesson, i) => {
    fill(out.lesson, lesson.from, lesson.until, i + 1);
    if (isElsewhere(frame, i)) return;
    const previous = lessons[i - 1];
    const next = lessons[i + 1];
    const follows = previous?.until === lesson.from && !isElsewhere(frame, i - 1);
    const goesOn = next?.from === lesson.until && !isElsewhere(frame, i + 1);
    const late = follows ? 0 : Math.round(2 * toUniform(seed, 63, key, day.number, i));
    const away = Math.max(0, Math.round(toNormal(seed, 64, key, day.number, i)));
    const people = Math.max(1, present - away);
    const leaves = goesOn
      ? lesson.until
      : lesson.until - Math.round(2 * toUniform(seed, 65, key, day.number, i));
    fill(out.pupils, lesson.from, leaves, people);
    fill(out.adults, lesson.from, leaves, toUniform(seed, 66, key, day.number, i) < 0.2 ? 2 : 1);
    if (!follows) {
      // they come in over some minutes: early in the morning, at the bell after a break
      const begins = i === 0 ? lesson.from - 10 : lesson.from - 1;
      const all = lesson.from + 1 + late;
      for (let m = begins; m < all; m++) {
        out.pupils[m] = Math.round((people * (m - begins)) / (all - begins));
      }
      fill(out.doorOpen, begins, all, 1);
    }
    if (goesOn || !next || next.from - lesson.until < 8) return;
    const lunch = next.from - lesson.until >= 25;
    const eats = lunch ? lesson.until + 12 : lesson.until;
    fill(out.pupils, lesson.until, eats, people);
    fill(out.pupils, eats, next.from, Math.round(3 * toUniform(seed, 67, key, day.number, i)));
    fill(out.doorOpen, eats, next.from, 1);
  });
}

/** Windows in breaks: how often is a habit of the room, less often when it is cold outside. */
function addAiring(
  frame: Frame,
  out: PresenceDay,
  lessons: readonly Lesson[],
  chance: number,
  outdoorC: number,
): void {
  const { seed, day, key } = frame;
  const willing = outdoorC < 2 ? chance * 0.7 : chance;
  lessons.forEach((lesson, i) => {
    const next = lessons[i + 1];
    const gap = next ? next.from - lesson.until : 30;
    if (gap < 8 || toUniform(seed, 69, key, day.number, i) >= willing) return;
    const from = gap >= 25 && next ? lesson.until + 12 : lesson.until;
    const length = Math.min(gap, 8 + Math.round(10 * toUniform(seed, 70, key, day.number, i)));
    fill(out.airing, from, Math.min(from + length, next?.from ?? from + length), 1);
  });
}

/**
 * One day in a room.
 * @param outdoorC the morning's outdoor temperature: it decides whether somebody opens a window
 */
export function toPresenceDay(
  town: TownData,
  seed: number,
  place: PlaceData,
  day: LocalDay,
  outdoorC: number,
): PresenceDay {
  const wall: PresenceDay = {
    pupils: new Float32Array(1440),
    adults: new Float32Array(1440),
    airing: new Uint8Array(1440),
    doorOpen: new Uint8Array(1440),
    lesson: new Uint8Array(1440),
  };
  const frame: Frame = { seed, day, key: toKey(place.ref) };
  if (day.schoolDay && place.class) {
    const lessons = toLessons(town, place, day.weekday);
    addClass(frame, wall, lessons, toClassSize(town, place, day.schoolYear));
    addAiring(frame, wall, lessons, place.air?.airing ?? 0, outdoorC);
    // the teacher tidies up, later somebody cleans
    const end = lessons.at(-1)?.until ?? 840;
    fill(wall.adults, end, end + 10 + Math.round(25 * toUniform(seed, 71, frame.key, day.number)), 1);
    fill(wall.doorOpen, 960, 972, 1);
    fill(wall.adults, 960, 972, 1);
  }
  if (day.schoolDay && place.air && !place.class) {
    // a room for all: a few come and go
    for (let m = 480; m < 900; m++) {
      wall.pupils[m] = Math.round(9 * toUniform(seed, 72, frame.key, day.number, Math.floor(m / 15)));
      wall.adults[m] = 1;
    }
  }
  for (const evening of town.timetable.evenings) {
    const open = day.schoolDay || day.weekday > 5;
    if (evening.place !== place.ref || !open || !evening.weekdays.includes(day.weekday)) continue;
    const from = parseClock(evening.from);
    const until = parseClock(evening.until);
    const people = Math.max(
      3,
      Math.round(evening.people * (0.7 + 0.3 * toUniform(seed, 73, frame.key, day.number))),
    );
    fill(wall.adults, from, until, people);
    fill(wall.lesson, from, until, 9);
    fill(wall.doorOpen, from - 8, from + 2, 1);
    fill(wall.doorOpen, until, until + 8, 1);
  }
  return day.minutes === 1440 ? wall : toElapsed(wall, day);
}

/** From the clock on the wall to minutes elapsed, on the two days a year where they differ. */
function toElapsed(wall: PresenceDay, day: LocalDay): PresenceDay {
  const pick = <T extends Float32Array | Uint8Array>(source: T, target: T): T => {
    for (let m = 0; m < day.minutes; m++) target[m] = source[toWallMinute(m, day)] ?? 0;
    return target;
  };
  return {
    pupils: pick(wall.pupils, new Float32Array(day.minutes)),
    adults: pick(wall.adults, new Float32Array(day.minutes)),
    airing: pick(wall.airing, new Uint8Array(day.minutes)),
    doorOpen: pick(wall.doorOpen, new Uint8Array(day.minutes)),
    lesson: pick(wall.lesson, new Uint8Array(day.minutes)),
  };
}
