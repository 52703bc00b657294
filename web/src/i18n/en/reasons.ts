/** The server's own sentences: they are kept in English, so the table itself is the catalogue. */
export { REASONS as reasons } from '@torv/core/reasons';
