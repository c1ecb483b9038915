import type { StatusError } from '../../errors/index.ts';
import type { Distribution } from './random.ts';
import type { SimulatedCall, Target } from './simulated-call.ts';
import type { Simulation } from './simulation.ts';

export interface StationOptions {
  /** How many calls are worked on at the same time, 1 or more. */
  readonly servers: number;
  /** How long one takes. */
  readonly service: Distribution;
  /** For the results. Default: `station`. */
  readonly name?: string;
}

/** What depends on nothing else: a database with its connections, a machine with its cores. */
export interface Station extends Target {
  /** Calls worked on, and waiting. */
  readonly inFlight: number;
  /** Calls taken so far. */
  readonly received: number;
  /** From now on: half as many servers are half the capacity. What is being worked on goes on. */
  setServers(servers: number): void;
  /** From now on each call takes this many times as long. */
  setSlowness(factor: number): void;
  /** From now on this share of the calls, from 0 to 1, ends with `error`, after its full time. */
  setFailing(share: number, error: StatusError): void;
}

/**
 * A queue without a bound, first come, first served, before a number of equal servers. It works on what its callers have
 * long given up, as databases do: this is what a service is to be protected from.
 */
export function station(world: Simulation, options: StationOptions): Station {
  return new QueueStation(world, options);
}

class QueueStation implements Station {
  received = 0;
  readonly #world: Simulation;
  readonly #service: Distribution;
  readonly #name: string;
  readonly #queue: SimulatedCall[] = [];
  #head = 0;
  #busy = 0;
  #servers: number;
  #slowness = 1;
  #failing = 0;
  #error: StatusError | undefined;

  constructor(world: Simulation, { servers, service, name = 'station' }: StationOptions) {
    this.#world = world;
    this.#service = service;
    this.#name = name;
    this.#servers = checkServers(servers);
  }

  get inFlight(): number {
    return this.#busy + this.#queue.length - this.#head;
  }

  send(call: SimulatedCall): void {
    this.received++;
    if (this.#busy < this.#servers) this.#start(call);
    else this.#queue.push(call);
  }

  setServers(servers: number): void {
    this.#servers = checkServers(servers);
    this.#fill();
  }

  setSlowness(factor: number): void {
    if (!(factor > 0 && factor < Number.POSITIVE_INFINITY))
      throw new RangeError(`station: the slowness ${factor} is not above 0`);
    this.#slowness = factor;
  }

  setFailing(share: number, error: StatusError): void {
    if (!(share >= 0 && share <= 1)) throw new RangeError(`station: the share ${share} is not from 0 to 1`);
    this.#failing = share;
    this.#error = error;
  }

  #start(call: SimulatedCall): void {
    this.#busy++;
    const { clock, random } = this.#world;
    clock.after(this.#service.draw(random) * this.#slowness, () => {
      this.#busy--;
      this.#fill();
      call.node = this.#name;
      call.reply(this.#failing > 0 && random() < this.#failing ? this.#error : undefined);
    });
  }

  #fill(): void {
    while (this.#busy < this.#servers && this.#head < this.#queue.length) {
      this.#start(this.#queue[this.#head++]!);
    }
    if (this.#head > 1024 && this.#head * 2 > this.#queue.length) {
      this.#queue.splice(0, this.#head);
      this.#head = 0;
    }
  }
}

function checkServers(servers: number): number {
  if (!(Number.isInteger(servers) && servers > 0))
    throw new RangeError(`station: ${servers} servers; it must be 1 or more`);
  return servers;
}
