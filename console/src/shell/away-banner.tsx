import { useAvailability, useCollector } from '../api/collector-context.ts';

/** Says that the collector does not answer, over the page, so that nothing moves. What was loaded stays readable below it. */
export function AwayBanner() {
  const client = useCollector();
  const availability = useAvailability();
  return (
    <div role="alert" className="away-place">
      {availability.isAway && (
        <div className="away">
          <span>
            <strong>No connection:</strong> {availability.message}. What you see may be old; trying again by itself.
          </span>
          <button type="button" className="button" data-size="small" onClick={() => client.retry()}>
            Retry now
          </button>
        </div>
      )}
    </div>
  );
}
