import type { DescMessage } from '@bufbuild/protobuf';
import { isPlain } from './plain-part.ts';

const maxInlinedFields = 8;
/** In one function: compilers give up on very long ones. */
const maxFieldsOfInlined = 64;

/** What the source of the functions for one type refers to: the codecs of other types, by a name each. */
export class Code {
  readonly parts: DescMessage[] = [];
  /**
   * The small types, which hold no others, that are handled within the functions of what holds them. Where there would be too
   * much of them the later ones are not.
   */
  readonly inlined: ReadonlySet<DescMessage>;

  constructor(desc: DescMessage, hasPrototype: (held: DescMessage) => boolean) {
    const inlined = new Set<DescMessage>();
    let left = maxFieldsOfInlined;
    for (const { message } of desc.fields) {
      if (message === undefined || !isSmallLeaf(message) || isPlain(message) || hasPrototype(message)) continue;
      const times = desc.fields.filter((field) => field.message === message).length;
      if (inlined.has(message) || times * message.fields.length > left) continue;
      left -= times * message.fields.length;
      inlined.add(message);
    }
    this.inlined = inlined;
  }

  /** The name of the codec of a type. */
  part(desc: DescMessage): string {
    let index = this.parts.indexOf(desc);
    if (index < 0) index = this.parts.push(desc) - 1;
    return `p${index}`;
  }
}

function isSmallLeaf({ fields }: DescMessage): boolean {
  const isSmall = fields.length > 0 && fields.length <= maxInlinedFields;
  return isSmall && fields.every((field) => field.fieldKind !== 'map' && field.message === undefined);
}
