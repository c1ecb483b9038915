import type { DescMessage } from '@bufbuild/protobuf';

/** What the source of generated functions refers to: the codecs of other types, by a name each. */
export class Code {
  readonly parts: DescMessage[] = [];

  /** The name of the codec of a type. */
  part(desc: DescMessage): string {
    let index = this.parts.indexOf(desc);
    if (index < 0) index = this.parts.push(desc) - 1;
    return `p${index}`;
  }
}
