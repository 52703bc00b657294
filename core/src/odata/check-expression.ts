/**
 * Expressions against the model: names become properties and links, values get types, and conversions are
 * written out, so that what follows never guesses. Faults are BAD_QUERY with position and hint.
 */
import { AppError } from '../errors.ts';
import { type EntityKey, findLink, findProperty, isJson, type PropertyType } from '../sta/model.ts';
import { findLinkKey, findPropertyKey, listNames, type Version } from '../sta/version.ts';
import type { Binary, Call, Expression, Literal, Path } from './ast.ts';
import { findWktFault, toClock, toInstantValue, toSeconds } from './literals.ts';
import {
  type Comparable,
  type Comparison,
  FUNCTION_KEYS,
  FUNCTIONS,
  type Type,
  type Typed,
  type TypedLiteral,
} from './typed.ts';

export interface Scope {
  readonly version: Version;
  readonly entity: EntityKey;
  /** The option that is checked, for messages. */
  readonly option: string;
}

const MAX_LINKS = 8;

export function fail(scope: Scope, at: number, detail: string, hint?: string): never {
  throw new AppError('BAD_QUERY', `${scope.option}: ${detail}`, {
    at: `${scope.option}:${at}`,
    ...(hint === undefined ? {} : { hint }),
  });
}

const TYPE_OF: Readonly<Record<PropertyType, Type>> = {
  id: 'number',
  text: 'text',
  json: 'dynamic',
  geojson: 'dynamic',
  instant: 'time',
  interval: 'time',
  moment: 'time',
  result: 'dynamic',
};

// Leaves -----------------------------------------------------------------------------------------------------

function checkPath(scope: Scope, path: Path): Typed {
  const { version } = scope;
  const links: string[] = [];
  let entity = scope.entity;
  for (const [i, step] of path.steps.entries()) {
    const known = typeof step === 'number' ? undefined : findPropertyKey(version, entity, step);
    const property = known === undefined ? undefined : findProperty(entity, known);
    if (known !== undefined && property !== undefined) {
      const json = path.steps.slice(i + 1).map(String);
      if (json.length > 0 && !isJson(property.type)) {
        fail(scope, path.at, `${step} is not JSON, so that nothing can be inside it.`);
      }
      const type = json.length > 0 ? 'dynamic' : TYPE_OF[property.type];
      return { kind: 'property', type, links, entity, property: known, json };
    }
    const key = typeof step === 'number' ? undefined : findLinkKey(version, entity, step);
    const link = key === undefined ? undefined : findLink(entity, key);
    if (key === undefined || link === undefined) {
      fail(
        scope,
        path.at,
        `There is no "${String(step).slice(0, 60)}" in ${version.entities[entity].set}.`,
        `It has: ${listNames(version, entity)}.`,
      );
    }
    links.push(key);
    if (links.length > MAX_LINKS) fail(scope, path.at, `A path goes through at most ${MAX_LINKS} links.`);
    entity = link.to;
  }
  return fail(
    scope,
    path.at,
    `${path.steps.join('/')} leads to an entity, not to a value.`,
    `Add a property: ${listNames(version, entity)}.`,
  );
}

function toTyped(type: TypedLiteral['type'], value: string): TypedLiteral {
  return { kind: 'literal', type, value };
}

function checkInstant(scope: Scope, text: string, at: number): string {
  return (
    toInstantValue(text) ??
    fail(scope, at, `"${text.slice(0, 40)}" is not a moment in time.`, 'Write 2026-11-22T08:15:00Z.')
  );
}

function checkLiteral(scope: Scope, literal: Literal): TypedLiteral {
  const { type, value, at } = literal;
  switch (type) {
    case 'null':
    case 'boolean':
    case 'text':
      return toTyped(type, value);
    case 'number':
      if (!Number.isFinite(Number(value)))
        fail(scope, at, `${value.slice(0, 40)} is beyond what can be computed with.`);
      return toTyped('number', value);
    case 'instant': {
      const instant = checkInstant(scope, value, at);
      return toTyped('time', `${instant}/${instant}`);
    }
    case 'interval': {
      const [from = '', until = ''] = value.split('/');
      const start = checkInstant(scope, from, at);
      const end = checkInstant(scope, until, at);
      if (toMicros(start) > toMicros(end)) fail(scope, at, 'This interval ends before it begins.');
      return toTyped('time', `${start}/${end}`);
    }
    case 'date':
      checkInstant(scope, `${value}T00:00:00Z`, at);
      return toTyped('date', value);
    case 'clock':
      return toTyped('clock', toClock(value) ?? fail(scope, at, `${value} is not a time of day.`));
    case 'duration': {
      const seconds =
        toSeconds(value) ??
        fail(
          scope,
          at,
          `"${value.slice(0, 40)}" is not a duration.`,
          "Write duration'P1DT2H30M'; months and years vary.",
        );
      return toTyped('duration', String(seconds));
    }
    case 'geometry': {
      const fault = findWktFault(value);
      if (fault !== undefined)
        fail(scope, at, `This geometry cannot be read: ${fault}.`, "Write geography'POINT (30 10)'.");
      return toTyped('geometry', value);
    }
  }
}

/** RFC 3339 in UTC with at most microseconds -> a text that sorts by time. */
function toMicros(instant: string): string {
  const [whole = '', fraction = ''] = instant.replace('Z', '').split('.');
  return `${whole}.${fraction.padEnd(6, '0')}`;
}

// Types ------------------------------------------------------------------------------------------------------

function isGeojson(node: Typed): boolean {
  return (
    node.kind === 'property' &&
    node.json.length === 0 &&
    findProperty(node.entity, node.property)?.type === 'geojson'
  );
}

/** The node as a value of this type, or undefined where that can never be. */
function convert(node: Typed, to: Type): Typed | undefined {
  if (node.type === to) return node;
  if (node.kind === 'literal' && to === 'time') {
    if (node.type === 'date') return toTyped('time', `${node.value}T00:00:00Z/${node.value}T00:00:00Z`);
    const instant = node.type === 'text' ? toInstantValue(node.value) : undefined;
    return instant === undefined ? undefined : toTyped('time', `${instant}/${instant}`);
  }
  if (to === 'geometry') return isGeojson(node) ? { kind: 'as', type: to, arg: node } : undefined;
  const fits =
    (node.type === 'dynamic' && (to === 'text' || to === 'number' || to === 'boolean')) ||
    (to === 'text' && (node.type === 'number' || node.type === 'boolean'));
  return fits ? { kind: 'as', type: to as 'text', arg: node } : undefined;
}

/** As what two values are compared; a text on either side makes it a comparison of texts (`result gt '3'`). */
function toComparable(left: Type, right: Type): Comparable | undefined {
  const has = (type: Type) => left === type || right === type;
  if (has('geometry') || has('null')) return undefined;
  if (left === right) return left as Comparable;
  if (has('time')) return 'time';
  if (has('text')) return 'text';
  if (has('dynamic') && has('number')) return 'number';
  if (has('dynamic') && has('boolean')) return 'boolean';
  return undefined;
}

function checkComparison(scope: Scope, node: Binary): Typed {
  const op = node.op as Comparison;
  const left = checkExpression(scope, node.left);
  const right = checkExpression(scope, node.right);
  const isNull = [left, right].findIndex((side) => side.type === 'null');
  if (isNull !== -1) {
    if (op !== 'eq' && op !== 'ne')
      fail(scope, node.at, 'null is neither greater nor smaller than anything.');
    return { kind: 'isNull', type: 'boolean', negated: op === 'ne', arg: isNull === 0 ? right : left };
  }
  const on = toComparable(left.type, right.type);
  const [a, b] = on === undefined ? [] : [convert(left, on), convert(right, on)];
  if (on === undefined || a === undefined || b === undefined) {
    fail(
      scope,
      node.at,
      `A ${left.type} cannot be compared with a ${right.type}.`,
      'Texts stand in single quotes, moments in none: 2026-11-22T08:15:00Z.',
    );
  }
  return { kind: 'compare', type: 'boolean', op, on, left: a, right: b };
}

function checkCall(scope: Scope, name: string, given: readonly Expression[], at: number): Typed {
  const args = given.map((arg) => checkExpression(scope, arg));
  const candidates = FUNCTION_KEYS.filter((key) => FUNCTIONS[key].name === name);
  if (candidates.length === 0) {
    const names = [...new Set(FUNCTION_KEYS.map((key) => FUNCTIONS[key].name))];
    fail(scope, at, `There is no function ${name.slice(0, 40)}.`, `There are: ${names.join(', ')}.`);
  }
  for (const fn of candidates) {
    const { args: types, returns } = FUNCTIONS[fn];
    if (types.length !== args.length) continue;
    const converted = args.map((arg, i) => convert(arg, types[i] ?? 'null'));
    if (!converted.every((arg): arg is Typed => arg !== undefined)) continue;
    if (fn === 'during' && isInstantOnly(args[1])) {
      fail(
        scope,
        at,
        'during needs an interval to be within.',
        'Write 2026-11-01T00:00:00Z/2026-12-01T00:00:00Z.',
      );
    }
    if (fn === 'relate') checkPattern(scope, args[2], at);
    return { kind: 'call', type: returns, fn, args: converted };
  }
  const wants = candidates.map((key) => `${name}(${FUNCTIONS[key].args.join(', ')})`).join(' or ');
  fail(scope, at, `${name} does not take (${args.map((arg) => arg.type).join(', ')}).`, `It is ${wants}.`);
}

function isInstantOnly(node: Typed | undefined): boolean {
  if (node?.kind === 'literal') {
    const [start, end] = node.value.split('/');
    return node.type !== 'time' || start === end;
  }
  if (node?.kind === 'property') return findProperty(node.entity, node.property)?.type === 'instant';
  return node?.kind === 'call' && node.args.length === 0;
}

function checkPattern(scope: Scope, node: Typed | undefined, at: number): void {
  if (node?.kind !== 'literal' || !/^[TF*012]{9}$/i.test(node.value)) {
    fail(scope, at, "The third argument of st_relate is a pattern of nine characters such as 'T********'.");
  }
}

/** The node as true, false or null. */
export function checkBoolean(scope: Scope, expression: Expression): Typed {
  const node = checkExpression(scope, expression);
  const converted = node.type === 'text' ? undefined : convert(node, 'boolean');
  return (
    converted ??
    fail(
      scope,
      expression.at,
      `True or false is expected, but this is a ${node.type}.`,
      "Compare it: name eq 'x'.",
    )
  );
}

export function checkExpression(scope: Scope, node: Expression): Typed {
  switch (node.kind) {
    case 'literal':
      return checkLiteral(scope, node);
    case 'path':
      return checkPath(scope, node);
    case 'not':
      return { kind: 'not', type: 'boolean', arg: checkBoolean(scope, node.arg) };
    case 'call':
      return checkCall(scope, (node as Call).name, node.args, node.at);
    case 'binary':
      switch (node.op) {
        case 'and':
        case 'or':
          return {
            kind: node.op,
            type: 'boolean',
            left: checkBoolean(scope, node.left),
            right: checkBoolean(scope, node.right),
          };
        case 'add':
        case 'sub':
        case 'mul':
        case 'div':
        case 'mod':
          return checkCall(scope, node.op, [node.left, node.right], node.at);
        default:
          return checkComparison(scope, node);
      }
  }
}
