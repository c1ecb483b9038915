import { type DescExtension, type DescFile, type DescService, toBinary } from '@bufbuild/protobuf';
import { nestedTypes } from '@bufbuild/protobuf/reflect';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';

/** Where everything is declared that services are made of: their files and all that these import. */
export class FileIndex {
  readonly #files = new Map<string, DescFile>();
  readonly #symbols = new Map<string, DescFile>();
  readonly #extensions = new Map<string, Map<number, DescExtension>>();
  readonly #bytes = new Map<DescFile, Uint8Array>();

  constructor(services: readonly DescService[]) {
    for (const { file } of services) this.#add(file);
  }

  /** By the name under which others import it. */
  fileByName(name: string): DescFile | undefined {
    return this.#files.get(name);
  }

  /** By the full name of a service, a method, a message, a field, an enum, one of its values, or an extension. */
  fileOfSymbol(name: string): DescFile | undefined {
    return this.#symbols.get(name);
  }

  fileOfExtension(extendee: string, number: number): DescFile | undefined {
    return this.#extensions.get(extendee)?.get(number)?.file;
  }

  /** Undefined for a message type that is not here. */
  extensionNumbers(extendee: string): number[] | undefined {
    const found = this.#extensions.get(extendee);
    if (found === undefined) return this.#symbols.has(extendee) ? [] : undefined;
    return [...found.keys()].sort((a, b) => a - b);
  }

  /**
   * The file and what it imports, each as a serialized FileDescriptorProto, without those whose names are in `sent`, to which
   * they are added; the file itself always.
   */
  withImports(file: DescFile, sent: Set<string>): Uint8Array[] {
    const found: Uint8Array[] = [];
    const visit = (current: DescFile) => {
      if (current !== file && sent.has(current.proto.name)) return;
      sent.add(current.proto.name);
      found.push(this.#bytesOf(current));
      for (const imported of current.dependencies) if (imported !== file) visit(imported);
    };
    visit(file);
    return found;
  }

  #add(file: DescFile): void {
    // Two copies of a file, one for each folder of generated code, say the same.
    if (this.#files.has(file.proto.name)) return;
    this.#files.set(file.proto.name, file);
    for (const imported of file.dependencies) this.#add(imported);
    for (const type of nestedTypes(file)) {
      this.#symbols.set(type.typeName, file);
      if (type.kind === 'extension') this.#addExtension(type);
      for (const name of membersOf(type)) this.#symbols.set(name, file);
    }
  }

  #addExtension(extension: DescExtension): void {
    const { typeName } = extension.extendee;
    const known = this.#extensions.get(typeName) ?? new Map<number, DescExtension>();
    this.#extensions.set(typeName, known.set(extension.number, extension));
  }

  #bytesOf(file: DescFile): Uint8Array {
    let bytes = this.#bytes.get(file);
    if (bytes === undefined) {
      bytes = toBinary(FileDescriptorProtoSchema, file.proto);
      this.#bytes.set(file, bytes);
    }
    return bytes;
  }
}

type Type = ReturnType<typeof nestedTypes> extends Iterable<infer T> ? T : never;

function membersOf(type: Type): readonly string[] {
  const within = ({ name }: { readonly name: string }) => `${type.typeName}.${name}`;
  switch (type.kind) {
    case 'service':
      return type.methods.map(within);
    case 'message':
      return [...type.fields, ...type.oneofs].map(within);
    case 'enum':
      // The values of an enum are named beside it, not within.
      return type.values.map(({ name }) => type.typeName.replace(/[^.]*$/, name));
    default:
      return [];
  }
}
