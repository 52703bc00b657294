/** What the server's validator found, in the reader's language. Pure; a rule that is not known is told in general words. */
import type { English } from './i18n/catalogue.ts';
import type { Translate } from './i18n/texts.ts';

const CHOICES = ['enum', 'const', 'anyOf', 'oneOf'];
const FORMS = ['pattern', 'format', 'multipleOf', 'uniqueItems'];

/** @returns undefined where no validator spoke: then the answer's own sentence is what there is. */
export function toFaultWords(t: Translate<English['errors']>, fault: unknown): string | undefined {
  if (typeof fault !== 'object' || fault === null || !('rule' in fault)) return undefined;
  const { rule } = fault;
  if (typeof rule !== 'string') return undefined;
  const limit = 'limit' in fault && typeof fault.limit === 'number' ? fault.limit : undefined;
  if (limit !== undefined) {
    switch (rule) {
      case 'minLength':
      case 'maxLength':
      case 'minItems':
      case 'maxItems':
        return t(`fault_${rule}`, { count: limit });
      case 'minimum':
      case 'maximum':
      case 'exclusiveMinimum':
      case 'exclusiveMaximum':
        return t(`fault_${rule}`, { limit });
      default:
    }
  }
  if (rule === 'required') return t('fault_required');
  if (rule === 'type') return t('fault_type');
  if (rule === 'additionalProperties') return t('fault_surplus');
  if (CHOICES.includes(rule)) return t('fault_choice');
  return t(FORMS.includes(rule) ? 'fault_form' : 'fault_any');
}
