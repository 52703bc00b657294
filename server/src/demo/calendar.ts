/**
 * Local days of the town and the Danish school calendar: weekends, autumn break (week 42), winter break (week 7),
 * Christmas, Easter, the public holidays and the summer. Dates move by rule, so that the demo works in any year.
 */
import { toLocalDate, toLocalDay, toSchoolYear } from '@torv/core/time';

const DAY_MS = 86_400_000;

export interface LocalDay {
  /** YYYY-MM-DD */
  readonly date: string;
  /** Days since 1970-01-01, by the local calendar. */
  readonly number: number;
  readonly startMs: number;
  readonly endMs: number;
  /** 1380, 1440 or 1500 */
  readonly minutes: number;
  /** 1 is Monday. */
  readonly weekday: number;
  readonly schoolYear: number;
  readonly schoolDay: boolean;
  readonly workDay: boolean;
}

export function toDayNumber(date: string): number {
  return Date.parse(`${date}T00:00:00Z`) / DAY_MS;
}

export function toDate(dayNumber: number): string {
  return new Date(dayNumber * DAY_MS).toISOString().slice(0, 10);
}

/** ISO 8601 week. */
export function toWeek(dayNumber: number): number {
  const thursday = dayNumber - ((dayNumber + 3) % 7) + 3;
  const yearStart = Date.UTC(new Date(thursday * DAY_MS).getUTCFullYear(), 0, 1) / DAY_MS;
  return Math.floor((thursday - yearStart) / 7) + 1;
}

/** Easter Sunday (Gregorian computus in Gauss's form as corrected by Lichtenberg). */
export function toEaster(year: number): number {
  const k = Math.floor(year / 100);
  const m = 15 + Math.floor((3 * k + 3) / 4) - Math.floor((8 * k + 13) / 25);
  const s = 2 - Math.floor((3 * k + 3) / 4);
  const a = year % 19;
  const d = (19 * a + m) % 30;
  const r = Math.floor((d + Math.floor(a / 11)) / 29);
  const og = 21 + d - r;
  const sz = 7 - ((year + Math.floor(year / 4) + s) % 7);
  const oe = 7 - ((og - sz) % 7);
  return Date.UTC(year, 2, og + oe) / DAY_MS;
}

function isPublicHoliday(dayNumber: number): boolean {
  const date = toDate(dayNumber);
  const easter = toEaster(Number(date.slice(0, 4)));
  // Maundy Thursday, Good Friday, Easter Monday, Ascension, Whit Monday
  if ([-3, -2, 0, 1, 39, 49, 50].includes(dayNumber - easter)) return true;
  return ['01-01', '06-05', '12-24', '12-25', '12-26', '12-31'].includes(date.slice(5));
}

function isSchoolHoliday(dayNumber: number): boolean {
  const date = toDate(dayNumber);
  const day = date.slice(5);
  const year = Number(date.slice(0, 4));
  const week = toWeek(dayNumber);
  if (week === 42 || week === 7) return true;
  if (day >= '12-20' || day <= '01-02') return true;
  const toEasterDays = dayNumber - toEaster(year);
  // the week before Easter, and the Friday after Ascension
  if ((toEasterDays >= -8 && toEasterDays <= 1) || toEasterDays === 40) return true;
  const juneEnd = Date.UTC(year, 5, 30) / DAY_MS;
  const lastSaturday = juneEnd - ((juneEnd + 5) % 7);
  const augustStart = Date.UTC(year, 7, 1) / DAY_MS;
  const secondMonday = augustStart + ((7 - ((augustStart + 3) % 7)) % 7) + 7;
  return dayNumber >= lastSaturday && dayNumber < secondMonday;
}

export function toCalendarDay(date: string, timeZone: string): LocalDay {
  const { start, end } = toLocalDay(date, timeZone);
  const number = toDayNumber(date);
  const startMs = Date.parse(start);
  const endMs = Date.parse(end);
  const weekday = ((number + 3) % 7) + 1;
  const workDay = weekday <= 5 && !isPublicHoliday(number);
  return {
    date,
    number,
    startMs,
    endMs,
    minutes: (endMs - startMs) / 60_000,
    weekday,
    schoolYear: toSchoolYear(date),
    schoolDay: workDay && !isSchoolHoliday(number),
    workDay,
  };
}

/** Days by number, made once each; a cache only: the same question has the same answer for ever. */
export interface Calendar {
  day(number: number): LocalDay;
  dayAt(timeMs: number): LocalDay;
}

export function createCalendar(timeZone: string): Calendar {
  const days = new Map<number, LocalDay>();
  const day = (number: number): LocalDay => {
    let found = days.get(number);
    if (!found) {
      found = toCalendarDay(toDate(number), timeZone);
      days.set(number, found);
    }
    return found;
  };
  let last: LocalDay | undefined;
  return {
    day,
    dayAt(timeMs) {
      if (!last || timeMs < last.startMs || timeMs >= last.endMs) {
        last = day(toDayNumber(toLocalDate(new Date(timeMs).toISOString(), timeZone)));
      }
      return last;
    },
  };
}

/**
 * What the clock on the wall says (minutes after midnight) so many minutes into a day.
 * In the night of the change the clock jumps at 02:00 or falls back at 03:00.
 */
export function toWallMinute(elapsed: number, day: LocalDay): number {
  if (day.minutes < 1440 && elapsed >= 120) return elapsed + (1440 - day.minutes);
  if (day.minutes > 1440 && elapsed >= 180) return elapsed - (day.minutes - 1440);
  return elapsed;
}
