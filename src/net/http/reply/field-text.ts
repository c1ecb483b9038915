const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here
const fieldText = /^[^\x00-\x08\x0a-\x1f\x7f\u0100-\uffff]*$/;

/** Whether it may be the name of a header (RFC 9110, section 5.6.2). */
export function isToken(text: string): boolean {
  return token.test(text);
}

/** Whether it may be the value of a header: one that ended its line could say anything in the answer's name. */
export function isFieldText(text: string): boolean {
  return fieldText.test(text);
}
