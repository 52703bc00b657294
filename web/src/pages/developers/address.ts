/**
 * An address of the service as people read it (with blanks) and as it is sent (with %20); where in it a fault lies.
 * What is typed never leaves the service: only what stands behind its root is kept. Pure.
 */

/** What must stay written as %XX, because bare it would mean something else. */
const KEPT = /%(?=25|26|23|2B|0A|0D)/gi;

export function toShown(sent: string): string {
  try {
    return decodeURIComponent(sent.replace(KEPT, '%25'));
  } catch {
    return sent; // not our encoding: shown as it is
  }
}

/** Ready for a browser and, between single quotes, for a shell. */
export function toSent(shown: string): string {
  // half of a pair of surrogates cannot be sent
  return encodeURI(shown.trim().replace(/[\r\n]+|\p{Surrogate}/gu, ''))
    .replace(/%25(?=[0-9a-f]{2})/gi, '%')
    .replace(/['#[\]]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** The path and query behind one of the service's roots; undefined for any other address. */
export function toPath(address: string, roots: readonly string[]): string | undefined {
  for (const root of roots) {
    const rest = address.startsWith(root) ? address.slice(root.length) : undefined;
    if (rest !== undefined && /^(?:$|[/?])/.test(rest)) return rest.startsWith('/') ? rest : `/${rest}`;
  }
  return undefined;
}

/** What somebody typed or pasted: a whole address of this service, or what stands behind its root. */
export function readAddress(typed: string, roots: readonly string[]): string | undefined {
  const text = typed.trim();
  if (/^[a-z][a-z0-9+.-]*:|^\/\//i.test(text)) return toPath(text, roots);
  const path = toPath(text, ['/sta/v1.1']) ?? (text.startsWith('/') ? text : `/${text}`);
  // "/../" would leave the service
  return /(^|\/)\.\.?(\/|$|\?)/.test(path.split('?')[0] ?? '') ? undefined : path;
}

export interface FaultPlace {
  readonly before: string;
  readonly fault: string;
  readonly after: string;
}

/** @param at as a problem names it: `$filter:12` (characters of the option), `path:1` (steps), `$foo` */
export function findFault(shown: string, at: string | undefined): FaultPlace | undefined {
  const [, name = '', offset] = /^(path|\$\w+)(?::(\d+))?$/.exec(at ?? '') ?? [];
  if (name === '') return undefined;
  const span = name === 'path' ? findStep(shown, offset) : findOption(shown, name, offset);
  if (span === undefined) return undefined;
  const [from, to] = span;
  return { before: shown.slice(0, from), fault: shown.slice(from, to), after: shown.slice(to) };
}

function findStep(shown: string, index: string | undefined): readonly [number, number] | undefined {
  const path = shown.split('?')[0] ?? '';
  if (index === undefined) return [0, path.length];
  const steps = [...path.matchAll(/[^/]+/g)];
  const step = steps[Number(index)];
  return step === undefined ? undefined : [step.index, step.index + step[0].length];
}

function findOption(
  shown: string,
  name: string,
  offset: string | undefined,
): readonly [number, number] | undefined {
  const query = shown.indexOf('?');
  if (query < 0) return undefined;
  let from = query + 1;
  for (const part of shown.slice(from).split('&')) {
    if (part.startsWith(`${name}=`) || part === name) {
      if (offset === undefined) return [from, from + part.length];
      const value = part.slice(name.length + 1);
      const start = Math.min(Number(offset), value.length);
      const word = /^(?:[\w@.$]+|'[^']*'?|.)/.exec(value.slice(start))?.[0] ?? '';
      // at the very end something is missing: the option itself is shown
      if (word === '') return [from, from + part.length];
      return [from + name.length + 1 + start, from + name.length + 1 + start + word.length];
    }
    from += part.length + 1;
  }
  return undefined;
}
