/**
 * The small language in which a rule says which devices it means and which room they hang in. No regular
 * expressions: matching takes at most (length of the pattern) x (length of the text) steps, whatever is written.
 *
 * Pattern, compared without regard to case, always with the whole text:
 *   *                 any text, also none          ?               one character
 *   {room}            one or more characters, kept {room:digits}   digits, kept as they are
 *   {room:number}     digits, kept without leading zeros           {room:word}  letters and digits, kept
 *   \x                the character x itself
 * Several captures share a text so that the earlier ones are as short as possible.
 * Template: text in which {room} is replaced by what was kept.
 */

export const CAPTURE_KINDS = ['text', 'word', 'digits', 'number'] as const;
export type CaptureKind = (typeof CAPTURE_KINDS)[number];

export type PatternToken =
  | { readonly kind: 'char'; readonly char: string }
  | { readonly kind: 'one' }
  | { readonly kind: 'any' }
  | { readonly kind: 'capture'; readonly name: string; readonly of: CaptureKind };

export type ClaimPattern = readonly PatternToken[];

export type TemplatePart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'value'; readonly name: string };

export type ClaimTemplate = readonly TemplatePart[];

/** What is wrong with a pattern or template, and at which character (from 1). */
export interface PatternFault {
  readonly fault: string;
  readonly at: number;
}

export type Parsed<T> = { readonly value: T } | PatternFault;
export type Captures = ReadonlyMap<string, string>;

export const MAX_PATTERN_LENGTH = 200;
/** Names and tags of network servers are shorter; what is longer matches nothing. */
export const MAX_TEXT_LENGTH = 500;
const MAX_CAPTURES = 10;
const NAME = /^[a-z][a-z0-9_]{0,29}$/;
const SPECIAL = new Set(['*', '?', '{', '}', '\\']);

export function isFault<T>(parsed: Parsed<T>): parsed is PatternFault {
  return 'fault' in parsed;
}

const toChars = (text: string): readonly string[] => [...text.normalize('NFC')];
const fold = (char: string) => char.toLowerCase();

/** Either the token that begins at `at` and where the next one begins, or what is wrong. */
type Read<T> = { readonly token: T; readonly next: number } | PatternFault;

function readBraces(chars: readonly string[], at: number): Read<{ name: string; of: string | undefined }> {
  const end = chars.indexOf('}', at);
  if (end < 0) return { fault: 'The bracket { is never closed.', at: at + 1 };
  const [name = '', of] = chars
    .slice(at + 1, end)
    .join('')
    .split(':', 2);
  if (!NAME.test(name))
    return { fault: `"${name}" is no name: small letters, digits and _ after a letter.`, at: at + 2 };
  return { token: { name, of }, next: end + 1 };
}

export function parseClaimPattern(text: string): Parsed<ClaimPattern> {
  const chars = toChars(text);
  if (chars.length > MAX_PATTERN_LENGTH)
    return { fault: `A pattern has at most ${MAX_PATTERN_LENGTH} characters.`, at: MAX_PATTERN_LENGTH + 1 };
  const tokens: PatternToken[] = [];
  const names = new Set<string>();
  for (let at = 0; at < chars.length; ) {
    const read = readToken(chars, at);
    if ('fault' in read) return read;
    if (read.token.kind === 'capture') {
      if (names.has(read.token.name))
        return { fault: `{${read.token.name}} stands twice in one pattern.`, at: at + 1 };
      names.add(read.token.name);
      if (names.size > MAX_CAPTURES)
        return { fault: `A pattern keeps at most ${MAX_CAPTURES} values.`, at: at + 1 };
    }
    tokens.push(read.token);
    at = read.next;
  }
  return { value: tokens };
}

function readToken(chars: readonly string[], at: number): Read<PatternToken> {
  const char = chars[at] as string;
  if (char === '*') return { token: { kind: 'any' }, next: at + 1 };
  if (char === '?') return { token: { kind: 'one' }, next: at + 1 };
  if (char === '}') return { fault: 'A bracket } without {; write \\} for the character.', at: at + 1 };
  if (char === '\\') {
    const escaped = chars[at + 1];
    if (escaped === undefined) return { fault: 'Nothing follows the \\.', at: at + 1 };
    return { token: { kind: 'char', char: escaped }, next: at + 2 };
  }
  if (char !== '{') return { token: { kind: 'char', char }, next: at + 1 };
  const read = readBraces(chars, at);
  if ('fault' in read) return read;
  const of = CAPTURE_KINDS.find((kind) => kind === (read.token.of ?? 'text'));
  if (of === undefined)
    return { fault: `"${read.token.of}" is none of ${CAPTURE_KINDS.join(', ')}.`, at: at + 1 };
  return { token: { kind: 'capture', name: read.token.name, of }, next: read.next };
}

export function printClaimPattern(pattern: ClaimPattern): string {
  return pattern
    .map((token) => {
      if (token.kind === 'any') return '*';
      if (token.kind === 'one') return '?';
      if (token.kind === 'char') return SPECIAL.has(token.char) ? `\\${token.char}` : token.char;
      return token.of === 'text' ? `{${token.name}}` : `{${token.name}:${token.of}}`;
    })
    .join('');
}

export function captureNames(pattern: ClaimPattern): readonly string[] {
  return pattern.flatMap((token) => (token.kind === 'capture' ? [token.name] : []));
}

const KINDS: { readonly [K in CaptureKind]: (char: string) => boolean } = {
  text: () => true,
  word: (char) => /[\p{L}\p{N}]/u.test(char),
  digits: (char) => char >= '0' && char <= '9',
  number: (char) => char >= '0' && char <= '9',
};

/**
 * What the pattern keeps of the text, or undefined when it does not match.
 * Two tables, filled from the end: can the rest of the pattern (`whole`) or the rest after this token has begun
 * (`begun`) take the rest of the text? Then one walk from the front, leaving each token as early as it may.
 */
export function matchClaimPattern(pattern: ClaimPattern, text: string): Captures | undefined {
  const chars = toChars(text);
  const n = chars.length;
  if (n > MAX_TEXT_LENGTH) return undefined;
  const width = n + 1;
  const rows = pattern.length + 1;
  const whole = new Uint8Array(rows * width);
  const begun = new Uint8Array(rows * width);
  whole[pattern.length * width + n] = 1;
  for (let p = pattern.length - 1; p >= 0; p--) {
    const token = pattern[p] as PatternToken;
    for (let i = n; i >= 0; i--) {
      const char = chars[i];
      const here = p * width + i;
      const after = (p + 1) * width + i;
      if (token.kind === 'any') {
        whole[here] = whole[after] || (char !== undefined && whole[here + 1]) ? 1 : 0;
      } else if (token.kind === 'capture') {
        const fits = char !== undefined && KINDS[token.of](char);
        begun[here] = whole[after] || (fits && begun[here + 1]) ? 1 : 0;
        whole[here] = fits && begun[here + 1] ? 1 : 0;
      } else {
        const fits = char !== undefined && (token.kind === 'one' || fold(token.char) === fold(char));
        whole[here] = fits && whole[after + 1] ? 1 : 0;
      }
    }
  }
  if (!whole[0]) return undefined;
  const captures = new Map<string, string>();
  let i = 0;
  pattern.forEach((token, p) => {
    if (token.kind === 'char' || token.kind === 'one') {
      i++;
      return;
    }
    const start = i;
    if (token.kind === 'capture') i++;
    while (!whole[(p + 1) * width + i]) i++;
    if (token.kind === 'capture') captures.set(token.name, toKept(token.of, chars.slice(start, i).join('')));
  });
  return captures;
}

function toKept(kind: CaptureKind, text: string): string {
  return kind === 'number' ? text.replace(/^0+(?=\d)/, '') : text;
}

/** @param known the names that may stand in it */
export function parseClaimTemplate(text: string, known: ReadonlySet<string>): Parsed<ClaimTemplate> {
  const chars = toChars(text);
  if (chars.length > MAX_PATTERN_LENGTH)
    return { fault: `A template has at most ${MAX_PATTERN_LENGTH} characters.`, at: MAX_PATTERN_LENGTH + 1 };
  const parts: TemplatePart[] = [];
  let literal = '';
  const endLiteral = () => {
    if (literal !== '') parts.push({ kind: 'text', text: literal });
    literal = '';
  };
  for (let at = 0; at < chars.length; ) {
    const char = chars[at] as string;
    if (char === '}') return { fault: 'A bracket } without {; write \\} for the character.', at: at + 1 };
    if (char === '{') {
      const read = readBraces(chars, at);
      if ('fault' in read) return read;
      if (read.token.of !== undefined)
        return { fault: 'In a template a name stands without a kind.', at: at + 1 };
      if (!known.has(read.token.name))
        return { fault: `No pattern of this rule keeps {${read.token.name}}.`, at: at + 1 };
      endLiteral();
      parts.push({ kind: 'value', name: read.token.name });
      at = read.next;
    } else if (char === '\\') {
      const escaped = chars[at + 1];
      if (escaped === undefined) return { fault: 'Nothing follows the \\.', at: at + 1 };
      literal += escaped;
      at += 2;
    } else {
      literal += char;
      at++;
    }
  }
  endLiteral();
  return { value: parts };
}

export function fillClaimTemplate(template: ClaimTemplate, values: Captures): string {
  return template.map((part) => (part.kind === 'text' ? part.text : (values.get(part.name) ?? ''))).join('');
}
