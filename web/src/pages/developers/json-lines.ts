/**
 * JSON as it came, set in lines for reading: what fits stands on one line, the rest is indented. Digits are never
 * touched (`1.0` stays `1.0`, a 64-bit id stays whole), so nothing here goes through JSON.parse. Pure.
 */
import { AppError } from '@torv/core/errors';
import { type JsonNode, parseJsonText } from '@torv/core/json-text';

/** A piece of a line; with `link`, the text is an address that leads on. */
export interface Piece {
  readonly text: string;
  readonly link?: string;
}
export type Line = readonly Piece[];

const WIDTH = 88;

/** @param findLink the address behind a text, where it leads on within the service */
export function toLines(
  text: string,
  findLink: (value: string) => string | undefined,
): readonly Line[] | undefined {
  let root: JsonNode;
  try {
    root = parseJsonText(text);
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
  const lines: Line[] = [];
  const toSource = (node: JsonNode) => text.slice(node.from, node.to);
  const linkOf = (node: JsonNode) => (node.kind === 'text' ? findLink(node.value) : undefined);

  /** The node on one line; undefined where it is too long or holds a link. */
  const toInline = (node: JsonNode, room: number): string | undefined => {
    if (node.kind !== 'list' && node.kind !== 'object') {
      const source = toSource(node);
      return source.length > room || linkOf(node) !== undefined ? undefined : source;
    }
    const parts: string[] = [];
    let left = room - 2;
    for (const [label, child] of toChildren(node)) {
      const part = toInline(child, left - label.length);
      if (part === undefined) return undefined;
      left -= label.length + part.length + 2;
      parts.push(label + part);
    }
    return node.kind === 'list' ? `[${parts.join(', ')}]` : `{${parts.join(', ')}}`;
  };

  const write = (node: JsonNode, depth: number, label: string, after: string): void => {
    const before = '  '.repeat(depth) + label;
    const link = linkOf(node);
    if (link !== undefined) {
      const source = toSource(node);
      lines.push([{ text: `${before}"` }, { text: source.slice(1, -1), link }, { text: `"${after}` }]);
      return;
    }
    const isWhole = depth > 0 || (node.kind !== 'list' && node.kind !== 'object');
    const inline = isWhole ? toInline(node, WIDTH - before.length - after.length) : undefined;
    if (inline !== undefined || (node.kind !== 'list' && node.kind !== 'object')) {
      lines.push([{ text: before + (inline ?? toSource(node)) + after }]);
      return;
    }
    const children = toChildren(node);
    const [open, close] = node.kind === 'list' ? '[]' : '{}';
    if (children.length === 0) {
      lines.push([{ text: `${before}${open}${close}${after}` }]);
      return;
    }
    lines.push([{ text: before + open }]);
    for (const [i, [key, child]] of children.entries()) {
      write(child, depth + 1, key, i === children.length - 1 ? '' : ',');
    }
    lines.push([{ text: `${'  '.repeat(depth)}${close}${after}` }]);
  };
  write(root, 0, '', '');
  return lines;
}

/** What is inside, each with what stands before it. */
function toChildren(node: JsonNode): readonly (readonly [string, JsonNode])[] {
  if (node.kind === 'list') return node.items.map((item) => ['', item]);
  if (node.kind !== 'object') return [];
  return [...node.members].map(([key, value]) => [`${JSON.stringify(key)}: `, value]);
}
