import type { Socket } from 'node:net';
import { formatIp, parseIp } from './ip.ts';

/** One end of a connection. */
export interface NetAddress {
  readonly family: 'ipv4' | 'ipv6' | 'unix';
  /** An IP address, without brackets; of a Unix socket its path, which is empty for an end that has none. */
  readonly host: string;
  /** 0 for a Unix socket. */
  readonly port: number;
}

/**
 * Who is at the other end: where a trusted proxy told (PROXY protocol) the client behind it, else the peer of the socket.
 * IPv4 written as IPv6 is IPv4. Undefined for a connection that is gone: ask early.
 */
export function remoteAddressOf(socket: Socket): NetAddress | undefined {
  const told = (socket as AddressedSocket)[told_];
  if (told !== undefined) return told.source;
  const { remoteAddress, remotePort } = socket;
  // One that is gone already has no peer any more, but is no Unix socket for that.
  if (remoteAddress === undefined && (socket.destroyed || socket.localAddress !== undefined)) return undefined;
  return addressOf(remoteAddress, remotePort);
}

/** Where the client wanted to go: as a trusted proxy told, else the socket's own end. */
export function localAddressOf(socket: Socket): NetAddress | undefined {
  const told = (socket as AddressedSocket)[told_];
  if (told !== undefined) return told.destination;
  if (socket.localAddress === undefined && socket.destroyed) return undefined;
  return addressOf(socket.localAddress, socket.localPort);
}

/** `192.0.2.1:80`, `[2001:db8::1]:80`, `unix:/run/x.sock`. */
export function formatAddress({ family, host, port }: NetAddress): string {
  if (family === 'unix') return `unix:${host}`;
  return family === 'ipv6' ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The ends of the connection that a proxy passes on. */
export interface ToldAddresses {
  readonly source: NetAddress;
  readonly destination: NetAddress;
}

/** From now on these are the addresses of the socket. */
export function tellAddresses(socket: Socket, addresses: ToldAddresses): void {
  (socket as AddressedSocket)[told_] = addresses;
}

/** What was told of one socket goes for another that takes its place. */
export function passAddresses(from: Socket, to: Socket): void {
  const told = (from as AddressedSocket)[told_];
  if (told !== undefined) (to as AddressedSocket)[told_] = told;
}

/** An address as the platform gives it: without one it is that of a Unix socket. */
export function addressOf(host: string | undefined, port: number | undefined): NetAddress {
  if (host === undefined || port === undefined) return { family: 'unix', host: '', port: 0 };
  if (host.startsWith(mapped) && host.includes('.')) return { family: 'ipv4', host: host.slice(mapped.length), port };
  return { family: host.includes(':') ? 'ipv6' : 'ipv4', host, port };
}

/** The address in the one form that every spelling of it has; undefined for text that is no IP address. */
export function ipAddress(host: string, port: number): NetAddress | undefined {
  const bytes = parseIp(host);
  return bytes === undefined ? undefined : addressOf(formatIp(bytes), port);
}

const mapped = '::ffff:';
/** Of all copies of this package in a process, since a socket may pass from one to the other. */
const told_: unique symbol = Symbol.for('flotilla.tcp.addresses');

interface AddressedSocket extends Socket {
  [told_]?: ToldAddresses;
}
