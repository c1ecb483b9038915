import { type QuotaBounds, unlimited } from './quota-store.ts';

/** What one node may have; each number in calls per second, over all instances. */
export interface QuotaNodeConfig {
  /** It gets as much as this when it wants it, whatever others want; what it leaves is lent. Default: 0. */
  readonly guarantee?: number;
  /** It never gets more. Default: no limit but that of the nodes above. */
  readonly limit?: number;
  /** Its part beside its siblings', beyond the guarantees. Default: 1. */
  readonly weight?: number;
}

/** A tenant, or a group of tenants such as an organisation. It has either children or methods. */
export interface QuotaTenantConfig extends QuotaNodeConfig {
  /** Groups or tenants below it, by name. Default: none. */
  readonly children?: Readonly<Record<string, QuotaTenantConfig>>;
  /** What each child gets that is not in `children`, by its own name. Default: all of them are one node, `*`. */
  readonly template?: QuotaTenantConfig;
  /** The one node of all children that have no other. Only without `template`. Default: no limit of its own. */
  readonly others?: QuotaNodeConfig;
  /** For a tenant: what some of its methods may have. Its other methods are one node, `*`. Default: all are one. */
  readonly methods?: Readonly<Record<string, QuotaNodeConfig>>;
}

/** A node of a validated tree. */
export interface QuotaNode extends QuotaBounds {
  /**
   * The names from below the root, joined with `/`; in a name `/`, `%` and `*` are percent-encoded, and an empty one (of a
   * call without a tenant) is `%`. The root: ''.
   */
  readonly path: string;
  readonly parent: QuotaNode | undefined;
}

/** Where the calls of one tenant go. */
export interface QuotaTenant {
  /** The tenant itself, or the node that it shares with others. */
  readonly node: QuotaNode;
  /** Methods are told apart; otherwise `method` always gives `node`. */
  readonly hasMethods: boolean;
  method(name: string): QuotaNode;
  /** What to use instead where there are too many tenants: one node for all that a template made. Undefined for others. */
  readonly crowd: QuotaNode | undefined;
}

/** A validated tree: immutable, holds no state of calls. */
export interface QuotaTree {
  readonly root: QuotaNode;
  /** By the text that calls carry: names joined with `/`, `acme/shop`. Makes new objects; whoever asks keeps them. */
  tenant(name: string): QuotaTenant;
}

/**
 * Validates the configuration of a tree; it is the root's, to whom all calls belong. Throws a RangeError or TypeError that
 * names the node, what is wrong and what is possible: among others the guarantees below a node may not exceed its limit.
 */
export function quotaTree(config: QuotaTenantConfig): QuotaTree {
  const root = build('', undefined, config, 0);
  count(config);
  return { root: root.node, tenant: (name) => root.find(name.split('/'), 0, undefined) };
}

const maxNameLength = 256;
const maxNodes = 100_000;
const maxDepth = 8;
/** The name of the node that those share who have none of their own. */
const shared = '*';

/** A group or tenant with what is below it. */
class Branch {
  readonly node: QuotaNode;
  readonly #children: ReadonlyMap<string, Branch>;
  readonly #template: QuotaTenantConfig | undefined;
  readonly #others: QuotaNode | undefined;
  readonly #methods: ReadonlyMap<string, QuotaNode> | undefined;
  readonly #depth: number;

  constructor(node: QuotaNode, config: QuotaTenantConfig, depth: number) {
    const { children, template, others, methods } = config;
    const isGroup = children !== undefined || template !== undefined || others !== undefined;
    this.node = node;
    this.#depth = depth;
    this.#children = new Map(
      Object.entries(children ?? {}).map(([name, child]) => [
        name,
        build(childName(node, name), node, child, depth + 1),
      ]),
    );
    this.#template = template;
    const hasShared = isGroup ? template === undefined : methods !== undefined;
    this.#others = hasShared ? makeNode(shared, node, others ?? {}) : undefined;
    this.#methods =
      methods === undefined
        ? undefined
        : new Map(Object.entries(methods).map(([name, method]) => [name, makeNode(ownName(node, name), node, method)]));
    // So that a bad one is found now, not with the first call.
    if (template !== undefined) build('template', node, template, depth + 1);
  }

  /** Goes down as far as there are children; what is left of the name then says nothing. */
  find(names: readonly string[], at: number, crowd: QuotaNode | undefined): QuotaTenant {
    // Such a name did not come over a wire, but it may come.
    const name = (names[at] ?? '').slice(0, maxNameLength);
    const child = this.#children.get(name);
    if (child !== undefined) return child.find(names, at + 1, crowd);
    if (this.#template === undefined) return this.#tenant(crowd);
    const made = build(escapeName(name), this.node, this.#template, this.#depth + 1);
    return made.find(names, at + 1, crowd ?? makeNode(shared, this.node, this.#template));
  }

  #tenant(crowd: QuotaNode | undefined): QuotaTenant {
    const { node } = this;
    const methods = this.#methods;
    const others = this.#others;
    if (methods !== undefined) return { node, hasMethods: true, method: (name) => methods.get(name) ?? others!, crowd };
    const all = others ?? node;
    return { node: all, hasMethods: false, method: () => all, crowd };
  }
}

function build(name: string, parent: QuotaNode | undefined, config: QuotaTenantConfig, depth: number): Branch {
  const node = makeNode(name, parent, config);
  if (depth > maxDepth)
    throw new RangeError(`quotaTree: ${titleOf(node)} is ${depth} levels deep; ${maxDepth} are possible`);
  const { children, template, others, methods } = config;
  if (methods !== undefined && (children ?? template ?? others) !== undefined) {
    throw new TypeError(
      `quotaTree: ${titleOf(node)} has methods and children; a tenant has methods, a group has children`,
    );
  }
  if (template !== undefined && others !== undefined) {
    throw new TypeError(`quotaTree: ${titleOf(node)} has a template and others; give one of them`);
  }
  checkGuarantees(node, [
    ...Object.values(children ?? {}),
    ...Object.values(methods ?? {}),
    ...(others ? [others] : []),
  ]);
  return new Branch(node, config, depth);
}

function makeNode(name: string, parent: QuotaNode | undefined, config: QuotaNodeConfig): QuotaNode {
  const { guarantee = 0, limit = unlimited, weight = 1 } = config;
  const path = parent === undefined || parent.path === '' ? name : `${parent.path}/${name}`;
  const node = { path, parent, guarantee, limit, weight };
  check(node, 'guarantee', guarantee, 0, unlimited);
  check(node, 'limit', limit, 0, unlimited);
  check(node, 'weight', weight, 1e-6, 1e6);
  if (guarantee > limit) {
    throw new RangeError(`quotaTree: the guarantee of ${titleOf(node)} is ${guarantee}; its limit is ${limit}`);
  }
  return node;
}

function checkGuarantees(node: QuotaNode, below: readonly QuotaNodeConfig[]): void {
  const sum = below.reduce((total, { guarantee = 0 }) => total + guarantee, 0);
  if (sum <= node.limit) return;
  throw new RangeError(
    `quotaTree: the guarantees below ${titleOf(node)} are ${sum} in all; give at most its limit, ${node.limit}`,
  );
}

/** A name of the configuration as it stands in a path. */
function ownName(parent: QuotaNode, name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here
  if (name.length > 0 && name.length <= maxNameLength && !/[\x00-\x1f\x7f]/.test(name)) return escapeName(name);
  throw new RangeError(
    `quotaTree: a name below ${titleOf(parent)} has ${name.length} characters; give 1 to ${maxNameLength}, none of them a control character`,
  );
}

/** The text that calls carry is split at each `/`, so a child with one in its name would never be found. */
function childName(parent: QuotaNode, name: string): string {
  if (!name.includes('/')) return ownName(parent, name);
  throw new RangeError(
    `quotaTree: ${JSON.stringify(name)} below ${titleOf(parent)} has a "/"; give a child for each part of it`,
  );
}

function check(node: QuotaNode, what: string, value: number, min: number, max: number): void {
  if (value >= min && value <= max) return;
  throw new RangeError(`quotaTree: the ${what} of ${titleOf(node)} is ${value}; give a number from ${min} to ${max}`);
}

function count(config: QuotaTenantConfig): void {
  let nodes = 0;
  const walk = ({ children = {}, methods = {} }: QuotaTenantConfig) => {
    nodes += Object.keys(children).length + Object.keys(methods).length;
    for (const child of Object.values(children)) walk(child);
  };
  walk(config);
  if (nodes > maxNodes) throw new RangeError(`quotaTree: there are ${nodes} nodes; give at most ${maxNodes}`);
}

function titleOf(node: Pick<QuotaNode, 'path' | 'parent'>): string {
  return node.parent === undefined ? 'the root' : JSON.stringify(node.path);
}

function escapeName(name: string): string {
  if (name === '') return '%';
  return name.replaceAll('%', '%25').replaceAll('/', '%2F').replaceAll('*', '%2A');
}
