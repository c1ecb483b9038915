import type { StatusError } from '../errors/index.ts';
import { DiscoveryErrors } from './discovery-errors.ts';
import type { Instance } from './registry.ts';

/** What an instance may hold: a registry keeps what strangers send it, so everything in it is bounded. */
export const instanceLimits = {
  nameLength: 128,
  endpoints: 8,
  urlLength: 256,
  metadata: 32,
  metadataLength: 512,
  weight: 1000,
} as const;

const name = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
const label = /^[A-Za-z0-9._-]*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here
const control = /[\x00-\x1f\x7f]/;

/**
 * A clean copy of the instance: known fields only, frozen. Throws INVALID_INSTANCE for the first field that is out of
 * its limits; takes `unknown` since it also checks what came over a wire.
 */
export function checkInstance(value: unknown): Instance {
  if (!isRecord(value)) throw invalid('instance', value, 'an object');
  const { id, service, version = '', endpoints = {}, lane = '', weight = 1, metadata = {} } = value;
  return Object.freeze({
    id: checkName('id', id),
    service: checkName('service', service),
    version: checkText('version', version, instanceLimits.nameLength),
    endpoints: checkEndpoints(endpoints),
    lane: checkLabel('lane', lane),
    weight: checkWeight(weight),
    metadata: checkMetadata(metadata),
  });
}

/** Whether what came over a wire is this instance, field for field; then it need not be checked again. */
export function isSameInstance(instance: Instance, value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { id, service, version, endpoints, lane, weight, metadata } = value;
  return (
    id === instance.id &&
    service === instance.service &&
    version === instance.version &&
    lane === instance.lane &&
    weight === instance.weight &&
    isSameTexts(instance.endpoints, endpoints) &&
    isSameTexts(instance.metadata, metadata)
  );
}

function isSameTexts(texts: Readonly<Record<string, string>>, value: unknown): boolean {
  if (!isRecord(value)) return false;
  const keys = Object.keys(value);
  return keys.length === Object.keys(texts).length && keys.every((key) => value[key] === texts[key]);
}

/** The name of a service or the id of an instance, as both stand in paths. */
export function checkName(field: string, value: unknown): string {
  const { nameLength } = instanceLimits;
  if (typeof value !== 'string' || value.length > nameLength || !name.test(value)) {
    throw invalid(
      field,
      value,
      `1 to ${nameLength} letters, digits, dots, dashes or underscores, starting with a letter or digit`,
    );
  }
  return value;
}

function checkLabel(field: string, value: unknown): string {
  const { nameLength } = instanceLimits;
  if (typeof value !== 'string' || value.length > nameLength || !label.test(value)) {
    throw invalid(field, value, `up to ${nameLength} letters, digits, dots, dashes or underscores`);
  }
  return value;
}

function checkText(field: string, value: unknown, maxLength: number): string {
  if (typeof value !== 'string' || value.length > maxLength || control.test(value)) {
    throw invalid(field, value, `a text of up to ${maxLength} characters without control characters`);
  }
  return value;
}

function checkEndpoints(value: unknown): Readonly<Record<string, string>> {
  const entries = checkEntries('endpoints', value, instanceLimits.endpoints);
  for (const [key, url] of entries) {
    checkName(`endpoints.${key.slice(0, 32)}`, key);
    const field = `endpoints.${key}`;
    if (typeof url !== 'string' || url.length > instanceLimits.urlLength || !isEndpointUrl(url)) {
      throw invalid(
        field,
        url,
        `a URL of http, https, tcp or tls without a password, up to ${instanceLimits.urlLength} characters`,
      );
    }
  }
  return Object.freeze(Object.fromEntries(entries) as Record<string, string>);
}

function checkMetadata(value: unknown): Readonly<Record<string, string>> {
  const { metadata, metadataLength } = instanceLimits;
  const entries = checkEntries('metadata', value, metadata);
  for (const [key, text] of entries) {
    checkName(`metadata.${key.slice(0, 32)}`, key);
    checkText(`metadata.${key}`, text, metadataLength);
  }
  return Object.freeze(Object.fromEntries(entries) as Record<string, string>);
}

function checkEntries(field: string, value: unknown, max: number): [string, unknown][] {
  if (!isRecord(value)) throw invalid(field, value, 'an object of texts');
  const entries = Object.entries(value);
  if (entries.length > max) throw invalid(field, `${entries.length} entries`, `at most ${max} entries`);
  return entries;
}

function checkWeight(value: unknown): number {
  if (typeof value !== 'number' || !(value >= 0 && value <= instanceLimits.weight)) {
    throw invalid('weight', value, `a number from 0 to ${instanceLimits.weight}`);
  }
  return value;
}

/** What servers speak; with `+unix` over a Unix socket, for those on the same machine. */
const schemes = /^(https?|tcp|tls)(\+unix)?:$/;

function isEndpointUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && schemes.test(url.protocol) && url.username === '' && url.password === '';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(field: string, value: unknown, valid: string): StatusError {
  const shown = String(JSON.stringify(value) ?? value).slice(0, 80);
  return DiscoveryErrors.INVALID_INSTANCE(`instance: ${field} is ${shown}; it must be ${valid}`, {
    metadata: { field, valid },
  });
}
