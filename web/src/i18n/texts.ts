/**
 * How the catalogues are typed: English defines the keys and the variables of each text. Another language
 * must have exactly the same keys (`Texts<typeof en>`), and a call must pass exactly the variables in the text.
 */

/** The shape another language fills in: the same keys, any words. */
export type Texts<T extends Readonly<Record<string, string>>> = { readonly [K in keyof T]: string };

/** `rooms_one`, `rooms_other` are asked for as `rooms` with a `count`. */
type Asked<K> = K extends `${infer B}_one` ? B : K extends `${infer B}_other` ? B : K;
type TextKey<T> = Asked<keyof T & string>;

/** The variables in a text: `{{name}}` and `{{count, number}}`. */
type Bare<N extends string> = N extends `${infer B}, ${string}` ? B : N;
type Names<S> = S extends `${string}{{${infer N}}}${infer Rest}` ? Bare<N> | Names<Rest> : never;
type TextOf<T, K extends string> = K extends keyof T
  ? T[K]
  : `${K}_other` extends keyof T
    ? T[`${K}_other`]
    : never;
type Value<N> = N extends 'count' ? number : string | number;
type Plural<T, K extends string> = `${K}_other` extends keyof T ? 'count' : never;

type TextValues<T, K extends string> = {
  readonly [N in Names<TextOf<T, K>> | Plural<T, K>]: Value<N>;
};

/** `t('rooms', { count: 3 })`; a text without variables takes none. */
export type Translate<T> = <K extends TextKey<T>>(
  key: K,
  ...values: [Names<TextOf<T, K>> | Plural<T, K>] extends [never] ? [] : [TextValues<T, K>]
) => string;
