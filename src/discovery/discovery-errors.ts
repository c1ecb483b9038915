import { defineErrors } from '../errors/index.ts';

/** What can go wrong between a caller and the instance it looks for. */
export const DiscoveryErrors = defineErrors('flotilla.discovery', {
  NO_INSTANCES: { code: 'unavailable', description: 'nobody who could answer is known' },
  NO_HTTP_ENDPOINT: { code: 'unavailable', description: 'the instance does not serve plain HTTP' },
  INVALID_INSTANCE: { code: 'invalid_argument', description: 'a field of the instance is out of its limits' },
  REGISTRY_FULL: { code: 'resource_exhausted', description: 'the registry holds as many instances as it may' },
  REGISTRY_UNREACHABLE: { code: 'unavailable', description: 'the registry did not answer in time' },
  REGISTRY_CLOSED: { code: 'failed_precondition', description: 'the Registry object was closed' },
  NOT_REGISTERED: { code: 'not_found', description: 'the registry knows no such instance: register again' },
  READ_ONLY: { code: 'unimplemented', description: 'others than the instances decide who is in this registry' },
  INSTANCE_REPLACED: { code: 'already_exists', description: 'another process registered the same id later' },
});
