/** How far back a page looks; stands in the address (?range=week). */
export const RANGES = ['day', 'week', 'month', 'year'] as const;
export type Range = (typeof RANGES)[number];
