/** Who stands behind a rule in force, by the beginning of its key; a proper name is the same in every language. */
const AUTHORITIES: readonly (readonly [start: string, name: string])[] = [
  ['dk-at', 'Arbejdstilsynet'],
  ['dk-br18', 'BR18 § 447'],
  ['dk', 'Arbejdstilsynet'],
  ['se', 'Folkhälsomyndigheten'],
  ['nl', 'Programma van Eisen Frisse Scholen'],
  ['who', 'WHO'],
];

export function authorityOf(ruleKey: string): string | undefined {
  return AUTHORITIES.find(([start]) => ruleKey.startsWith(start))?.[1];
}
