import { type Binder, binder } from './binder.ts';
import { FormFields, type FormValues } from './form-fields.ts';
import { decodeUtf8 } from './json-body.ts';
import { decodePercent } from './query.ts';

export interface FormOptions {
  /** Default: 1,000. */
  readonly maxFields?: number;
}

/**
 * Reads forms as browsers send them (`application/x-www-form-urlencoded`): the fields by name, as strings, lists where a name came
 * several times. Broken percent-encoding and text that is not UTF-8 are refused.
 *
 * Any web page may send such a form to any site, with the cookies of whoever looks at the page. A route that takes forms and knows
 * its users by cookies has to check that the form is its own: by a token in it, or by the header `Sec-Fetch-Site`.
 */
export function form(options: FormOptions = {}): Binder {
  const { maxFields = 1000 } = options;
  if (!(maxFields >= 1)) throw new RangeError(`form: maxFields ${maxFields} is not a number from 1`);
  return binder({
    contentType: 'application/x-www-form-urlencoded',
    parse: (bytes) => parseForm(decodeUtf8(bytes), maxFields),
  });
}

/** RFC-less, as the URL Standard has it (section 5.1), but strict. */
export function parseForm(text: string, maxFields: number): FormValues<string> {
  const fields = new FormFields<string>(maxFields);
  for (let at = 0; at < text.length; ) {
    const mark = text.indexOf('&', at);
    const end = mark < 0 ? text.length : mark;
    if (end > at) {
      const pair = text.slice(at, end);
      const equals = pair.indexOf('=');
      if (equals < 0) fields.add(decode(pair), '');
      else fields.add(decode(pair.slice(0, equals)), decode(pair.slice(equals + 1)));
    }
    at = end + 1;
  }
  return fields.values;
}

function decode(text: string): string {
  return decodePercent(text.replaceAll('+', ' '), 'form');
}
