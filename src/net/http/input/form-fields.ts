import { HttpErrors } from '../http-errors.ts';

/** The fields of a form by name; a name that came several times has a list. */
export type FormValues<V> = Record<string, V | V[]>;

/** Collects the fields of a form. */
export class FormFields<V> {
  readonly values: FormValues<V> = {};
  readonly #maxFields: number;
  #count = 0;

  constructor(maxFields: number) {
    this.#maxFields = maxFields;
  }

  /** Throws BODY_TOO_LARGE for a field too many, MALFORMED_FORM for a name that would change prototypes when it is copied. */
  add(name: string, value: V): void {
    this.#count++;
    if (this.#count > this.#maxFields) throw tooManyFields(this.#maxFields);
    if (name === '__proto__')
      throw HttpErrors.MALFORMED_FORM('the form has the field "__proto__", which is not accepted');
    const known = Object.hasOwn(this.values, name) ? this.values[name] : undefined;
    if (known === undefined) this.values[name] = value;
    else if (Array.isArray(known)) known.push(value);
    else this.values[name] = [known, value];
  }
}

function tooManyFields(max: number): Error {
  return HttpErrors.BODY_TOO_LARGE(`the form has more than ${max} fields`, { metadata: { maxFields: String(max) } });
}
