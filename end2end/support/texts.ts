import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

export type Language = 'en' | 'fr';
/** The sentence of a key such as `booking.confirm`, as the site says it. */
export type Texts = (key: string, values?: Record<string, string | number>) => string;

type Groups = Record<string, Record<string, string>>;
const folder = resolve(__dirname, '../../app/locales');
const read = (language: Language): Groups => JSON.parse(readFileSync(resolve(folder, `${language}.json`), 'utf8'));
const files: Record<Language, Groups> = { en: read('en'), fr: read('fr') };

/** The sentences of the site in a language, from the files that the site is built from. */
export function texts(language: Language): Texts {
  return (key, values = {}) => {
    const [group = '', name = ''] = key.split('.');
    const count = Number(values.count);
    const plural = Number.isNaN(count) ? '' : `_${new Intl.PluralRules(language).select(count)}`;
    const sentence = files[language][group]?.[name + plural] ?? files[language][group]?.[name];
    if (sentence === undefined) throw new Error(`no text ${key} in ${language}`);
    return sentence.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, value: string) => {
      const given = values[value];
      if (given === undefined) throw new Error(`the text ${key} wants a ${value}`);
      return String(given);
    });
  };
}

/** The language of pages for a browser's locale. */
export const languageOf = (locale: string): Language => (locale.startsWith('fr') ? 'fr' : 'en');

/** What a clock in `zone` shows at an instant, as the language writes it: "6:45 pm", "18:45". */
export function clockIn(language: Language, zone: string, instant: string): string {
  const time = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit' });
  const [hours = '', minutes = ''] = time.format(new Date(instant)).split(':');
  if (language === 'fr') return `${hours}:${minutes}`;
  const hour = Number(hours);
  return `${hour % 12 || 12}:${minutes}\u00a0${hour < 12 ? 'am' : 'pm'}`;
}

/** The civil date in `zone` at an instant, `YYYY-MM-DD`. */
export const dateIn = (zone: string, instant: string): string =>
  new Intl.DateTimeFormat('en-CA', { timeZone: zone }).format(new Date(instant));
