import type { DescMessage } from '@bufbuild/protobuf';
import { isPlain } from './plain-part.ts';

/** A type of more fields has a function of its own. */
const maxInlinedFields = 8;

/** What the source of generated functions refers to: the codecs of other types, by a name each. */
export class Code {
  readonly parts: DescMessage[] = [];
  readonly #hasPrototype: (desc: DescMessage) => boolean;

  constructor(hasPrototype: (desc: DescMessage) => boolean) {
    this.#hasPrototype = hasPrototype;
  }

  /** The name of the codec of a type. */
  part(desc: DescMessage): string {
    let index = this.parts.indexOf(desc);
    if (index < 0) index = this.parts.push(desc) - 1;
    return `p${index}`;
  }

  /** Whether what handles a small type, which holds no other, is part of the function that handles what holds it. */
  isInlined(desc: DescMessage): boolean {
    const isSmall = desc.fields.length > 0 && desc.fields.length <= maxInlinedFields;
    const isLeaf = desc.fields.every((field) => field.fieldKind !== 'map' && field.message === undefined);
    return isSmall && isLeaf && !isPlain(desc) && !this.#hasPrototype(desc);
  }

  /** The types that are inlined in a type. */
  inlined(desc: DescMessage): readonly DescMessage[] {
    const held = desc.fields.map((field) => field.message).filter((message) => message !== undefined);
    return held.filter((message) => this.isInlined(message));
  }
}
