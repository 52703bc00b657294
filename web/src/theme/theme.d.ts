/** The colours of our own theme, so that a `data-color` that does not exist fails the build. */
import type {} from '@digdir/designsystemet-react';

declare module '@digdir/designsystemet-types' {
  export interface ColorDefinitions {
    accent: never;
    brand1: never;
    brand2: never;
    neutral: never;
  }
  export interface SeverityColorDefinitions {
    info: never;
    success: never;
    warning: never;
    danger: never;
  }
}
