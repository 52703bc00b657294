/**
 * Large power and energy as people read them: 123456 W is 123 kW, 54368.6 kWh is 54.37 MWh. For eyes alone: what is
 * stored, answered or exported stays in the unit of its property, so that programs and files never see another one.
 */
import { UNITS } from './units.ts';

interface Ladder {
  /** From small to large, with what one of it is worth. */
  readonly rungs: readonly (readonly [symbol: string, worth: number])[];
  /** How many of the next larger unit make it the one that is read. */
  readonly from: number;
  /** Significant digits of a number that was taken to a larger unit. */
  readonly digits: number;
}

const LADDERS: readonly Ladder[] = [
  {
    rungs: [
      ['W', 1],
      ['kW', 1e3],
      ['MW', 1e6],
      ['GW', 1e9],
    ],
    from: 1,
    digits: 3,
  },
  {
    // a household's year is told in thousands of kWh, and a meter must be seen to move
    rungs: [
      ['Wh', 1],
      ['kWh', 1e3],
      ['MWh', 1e6],
      ['GWh', 1e9],
    ],
    from: 10,
    digits: 4,
  },
];

export interface Readable {
  readonly value: number;
  readonly symbol: string;
  /** Absent where the unit is the value's own: then its property says how precise it is. */
  readonly decimals?: number;
}

/**
 * @param unit a UCUM code or a symbol; one that is not known is left as it is
 * @param like the value that chooses the unit, where several must share one: the largest of a chart
 */
export function toReadable(value: number, unit: string, like: number = value): Readable {
  const symbol = Object.hasOwn(UNITS, unit) ? UNITS[unit as keyof typeof UNITS].symbol : unit;
  const ladder = LADDERS.find(({ rungs }) => rungs.some(([name]) => name === symbol));
  const own = ladder?.rungs.find(([name]) => name === symbol);
  if (ladder === undefined || own === undefined) return { value, symbol };
  const size = Math.abs(like) * own[1];
  const first = ladder.rungs.indexOf(own);
  const rung = ladder.rungs.findLast(
    // a thousand of the smallest is always the next; only then there is a choice
    ([, worth], i) => i > first && size >= worth * (i === 1 ? 1 : ladder.from),
  );
  if (rung === undefined) return { value, symbol };
  const whole = Math.max(1, Math.floor(Math.log10(size / rung[1])) + 1);
  return {
    value: (value * own[1]) / rung[1],
    symbol: rung[0],
    decimals: Math.max(0, ladder.digits - whole),
  };
}
