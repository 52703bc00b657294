/**
 * One language = one catalogue = one lazily loaded chunk; a namespace is the page area whose builder owns it.
 * `en` is the type of all the others: a missing or superfluous key fails `tsc -b`.
 */
import type { access } from './en/access.ts';
import type { claiming } from './en/claiming.ts';
import type { codecs } from './en/codecs.ts';
import type { developers } from './en/developers.ts';
import type { devices } from './en/devices.ts';
import type { editing } from './en/editing.ts';
import type { errors } from './en/errors.ts';
import type { files } from './en/files.ts';
import type { models } from './en/models.ts';
import type { places } from './en/places.ts';
import type { properties } from './en/properties.ts';
import type { reasons } from './en/reasons.ts';
import type { screens } from './en/screens.ts';
import type { shell } from './en/shell.ts';
import type { sources } from './en/sources.ts';
import type { Texts } from './texts.ts';

export interface English {
  readonly shell: typeof shell;
  readonly places: typeof places;
  readonly devices: typeof devices;
  readonly developers: typeof developers;
  readonly claiming: typeof claiming;
  readonly editing: typeof editing;
  readonly codecs: typeof codecs;
  readonly access: typeof access;
  readonly sources: typeof sources;
  readonly screens: typeof screens;
  readonly files: typeof files;
  readonly properties: typeof properties;
  readonly models: typeof models;
  readonly errors: typeof errors;
  readonly reasons: typeof reasons;
}

export type Namespace = keyof English;
export type Catalogue = { readonly [N in Namespace]: Texts<English[N]> };
