/** A word that stands alone, as a label or a choice, where the catalogue has it as it stands within a sentence. */
export function toCapital(text: string): string {
  return text.charAt(0).toLocaleUpperCase() + text.slice(1);
}
