import type { Catalogue } from '../catalogue.ts';
import { access } from './access.ts';
import { claiming } from './claiming.ts';
import { codecs } from './codecs.ts';
import { developers } from './developers.ts';
import { devices } from './devices.ts';
import { editing } from './editing.ts';
import { errors } from './errors.ts';
import { files } from './files.ts';
import { models } from './models.ts';
import { places } from './places.ts';
import { properties } from './properties.ts';
import { reasons } from './reasons.ts';
import { screens } from './screens.ts';
import { shell } from './shell.ts';
import { sources } from './sources.ts';

export const catalogue: Catalogue = {
  shell,
  places,
  devices,
  developers,
  claiming,
  editing,
  codecs,
  access,
  sources,
  screens,
  files,
  properties,
  models,
  reasons,
  errors,
};
