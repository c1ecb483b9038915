import type { CallHead } from '../../call/index.ts';
import { LeaseBook } from './lease-book.ts';
import { Newcomers } from './newcomers.ts';
import { type LeafSettings, QuotaErrors, QuotaLeaf } from './quota-leaf.ts';
import type { QuotaSettings } from './quota-settings.ts';
import { type QuotaGrant, type QuotaReport, type QuotaReportNode, unlimited } from './quota-store.ts';
import type { QuotaNode, QuotaTenant } from './quota-tree.ts';

/** `initial`: nothing was ever granted; `degraded`: the lease has ended and the store is away. */
export type QuotaPhase = 'initial' | 'leased' | 'degraded';

/** A report, and the leaves that its answer is for. */
export interface OpenReport {
  readonly report: QuotaReport;
  readonly leaves: readonly QuotaLeaf[];
  readonly sentAt: number;
}

/** Asked for beyond the average, so that small waves are not refused. */
const margin = 1.02;
/** Without the store an instance takes this part of `limit / instances`: others may have started meanwhile. */
const degradedPart = 0.9;

interface Entry {
  readonly tenant: QuotaTenant;
  /** The only leaf, where methods are not told apart. */
  leaf: QuotaLeaf | undefined;
  readonly byNode: Map<QuotaNode, QuotaLeaf>;
}

/**
 * One instance's part of a quota: its leaves, what it may let through and what it asks for. Pure: time (in ms) is given to
 * it, and whoever owns it carries reports to the store and grants back.
 *
 * A lease that ends without a renewal is replaced at once by what the instance makes of the tree alone, with every limit
 * and guarantee divided by the number of instances: bounded, fair among its own tenants, and never nothing.
 */
export class QuotaPart {
  readonly #instance: string;
  readonly #errors: QuotaErrors;
  readonly #onNew: () => void;
  #settings: Required<QuotaSettings>;
  #leafSettings: LeafSettings;
  /** By the tenant's text: a cache of where it leads. */
  readonly #entries = new Map<string, Entry>();
  readonly #leaves = new Map<string, QuotaLeaf>();
  /** Leaves of tenants that a template made. */
  readonly #made = new Set<QuotaLeaf>();
  #newcomers: Newcomers;
  /** Some found no room, and are with the crowd. */
  #isCrowded = false;
  #phase: QuotaPhase = 'initial';
  #endsAt = Number.POSITIVE_INFINITY;
  #received = 0;
  #instances = 0;

  constructor(instance: string, name: string, settings: Required<QuotaSettings>, onNew: () => void) {
    this.#instance = instance;
    this.#errors = new QuotaErrors(name);
    this.#settings = settings;
    this.#leafSettings = this.#leafSettingsOf(settings);
    this.#onNew = onNew;
    this.#newcomers = newcomersOf(settings);
  }

  get phase(): QuotaPhase {
    return this.#phase;
  }

  /** As the store said last; 0 for never. */
  get instances(): number {
    return this.#instances;
  }

  get leaves(): Iterable<QuotaLeaf> {
    return this.#leaves.values();
  }

  /** The leaf that pays for a call. */
  leafOf(head: CallHead, now: number): QuotaLeaf {
    if (now >= this.#endsAt) this.degrade(now);
    const name = head.fields.tenant;
    const entry = this.#entries.get(name) ?? this.#enter(name);
    if (!entry.tenant.hasMethods) {
      let { leaf } = entry;
      if (leaf === undefined || leaf.isGone) {
        leaf = this.#leafAt(entry.tenant.node, entry.tenant, now);
        entry.leaf = leaf;
      }
      return leaf;
    }
    const node = entry.tenant.method(head.method);
    let leaf = entry.byNode.get(node);
    if (leaf === undefined || leaf.isGone) {
      leaf = this.#leafAt(node, entry.tenant, now);
      entry.byNode.set(node, leaf);
    }
    return leaf;
  }

  /** What to tell the store now. Leaves that have been idle go. */
  report(now: number): OpenReport {
    const { idleMs, leaseMs } = this.#settings;
    for (const [path, leaf] of this.#leaves) {
      if (now - leaf.usedAt < idleMs) continue;
      leaf.leave();
      this.#leaves.delete(path);
      this.#made.delete(leaf);
    }
    this.#disperse();
    const { nodes, leaves } = this.#nodes(now, 1);
    const received = this.#received;
    const report = { instance: this.#instance, nodes, leaseMs, received, instances: this.#instances };
    return { report, leaves, sentAt: now };
  }

  /** The store's answer. Throws a TypeError for one that is none. */
  accept({ leaves, sentAt }: OpenReport, grant: QuotaGrant, now: number): void {
    const { shares, instances, sequence } = grant;
    if (
      shares.length !== leaves.length ||
      !shares.every((share) => share >= 0) ||
      !(instances >= 1) ||
      !(sequence >= 1)
    ) {
      throw new TypeError(`the quota store answered ${shares.length} shares to a report of ${leaves.length} leaves`);
    }
    for (const [index, leaf] of leaves.entries()) leaf.setShare(now, Math.min(shares[index]!, leaf.node.limit));
    this.#received = sequence;
    this.#instances = instances;
    this.#endsAt = sentAt + this.#settings.leaseMs;
    this.#phase = 'leased';
  }

  /** The store gave no answer. The lease holds until it ends. */
  fail(now: number): void {
    if (this.#phase !== 'leased' || now >= this.#endsAt) this.degrade(now);
  }

  degrade(now: number): void {
    const part = degradedPart / this.#reckoned();
    const { nodes, leaves } = this.#nodes(now, part);
    const report = { instance: this.#instance, nodes, leaseMs: 1, received: 0, instances: 0 };
    const { shares } = new LeaseBook().exchange(report, 0);
    for (const [index, leaf] of leaves.entries()) leaf.setShare(now, shares[index]!);
    this.#phase = 'degraded';
    this.#endsAt = Number.POSITIVE_INFINITY;
  }

  configure(settings: Required<QuotaSettings>, now: number): void {
    const isOtherTree = settings.tree !== this.#settings.tree;
    this.#settings = settings;
    this.#leafSettings = this.#leafSettingsOf(settings);
    if (!isOtherTree) {
      for (const leaf of this.#leaves.values()) leaf.setSettings(now, this.#leafSettings);
      return;
    }
    for (const leaf of this.#leaves.values()) leaf.leave();
    this.#leaves.clear();
    this.#made.clear();
    this.#entries.clear();
    this.#newcomers = newcomersOf(settings);
  }

  /** All nodes above and of the leaves that need a lease, their bounds times `part`. */
  #nodes(now: number, part: number): { nodes: QuotaReportNode[]; leaves: QuotaLeaf[] } {
    const places = new Map<string, number>();
    const nodes: QuotaReportNode[] = [];
    const place = (node: QuotaNode, wants: number | undefined): number => {
      const { path, parent, guarantee, limit, weight } = node;
      const known = places.get(path);
      if (known !== undefined) return known;
      const above = parent === undefined ? -1 : place(parent, undefined);
      places.set(path, nodes.length);
      return nodes.push({ path, parent: above, guarantee: guarantee * part, limit: limit * part, weight, wants }) - 1;
    };
    const leaves: QuotaLeaf[] = [];
    for (const leaf of this.#leaves.values()) {
      const wants = leaf.measure(now, this.#settings.renewMs / 2);
      if (leaf.isFree) continue;
      place(leaf.node, wants * margin);
      leaves.push(leaf);
    }
    return { nodes, leaves };
  }

  /** Where there is room again, who is with the crowd looks for a leaf of its own with its next call. */
  #disperse(): void {
    if (!this.#isCrowded || this.#made.size >= this.#settings.maxTenants) return;
    this.#isCrowded = false;
    this.#entries.clear();
  }

  #enter(name: string): Entry {
    // A cache may forget. Twice as many, since texts of one tenant can differ.
    if (this.#entries.size >= this.#settings.maxTenants * 2) this.#entries.clear();
    const entry: Entry = { tenant: this.#settings.tree.tenant(name), leaf: undefined, byNode: new Map() };
    this.#entries.set(name, entry);
    return entry;
  }

  #leafAt(wanted: QuotaNode, tenant: QuotaTenant, now: number): QuotaLeaf {
    const known = this.#leaves.get(wanted.path);
    if (known !== undefined) return known;
    const { crowd } = tenant;
    const isCrowded = crowd !== undefined && this.#made.size >= this.#settings.maxTenants;
    if (isCrowded) this.#isCrowded = true;
    const node = isCrowded ? crowd : wanted;
    return (
      this.#leaves.get(node.path) ??
      this.#make(node, isCrowded ? node : tenant.node, crowd !== undefined && !isCrowded, now)
    );
  }

  #make(node: QuotaNode, tenant: QuotaNode, isMade: boolean, now: number): QuotaLeaf {
    const share = this.#initialShare(node);
    const leaf = new QuotaLeaf(node, tenant.path, share >= unlimited, this.#leafSettings, now);
    if (!leaf.isFree) {
      leaf.setShare(now, share);
      // What the share gives until the next exchange.
      const calls = (share * this.#settings.renewMs) / 1_000;
      leaf.prime(calls < 1 && this.#newcomers.take(node, now, this.#reckoned()) ? 1 : calls);
      this.#onNew();
    }
    this.#leaves.set(node.path, leaf);
    if (isMade) this.#made.add(leaf);
    return leaf;
  }

  /** Its own limit by instances, and of those above as much as each of the known leaves could have. */
  #initialShare(node: QuotaNode): number {
    let share = node.limit >= unlimited ? unlimited : node.limit / this.#reckoned();
    for (let above = node.parent; above !== undefined; above = above.parent) {
      if (above.limit < unlimited) share = Math.min(share, above.limit / this.#reckoned() / (this.#leaves.size + 1));
    }
    return share;
  }

  #reckoned(): number {
    return this.#instances === 0 ? this.#settings.expectedInstances : this.#instances;
  }

  #leafSettingsOf({ burstMs, renewMs }: Required<QuotaSettings>): LeafSettings {
    return { errors: this.#errors, burstMs, smoothMs: 2 * renewMs };
  }
}

/** Besides the made tenants there are those that were idle, and the nodes of the configuration. */
function newcomersOf({ maxTenants }: Required<QuotaSettings>): Newcomers {
  return new Newcomers(10 * maxTenants);
}
