import { context, trace } from '@opentelemetry/api';
import { noTelemetry } from '../no-telemetry.ts';
import type { Telemetry } from '../telemetry.ts';
import { BridgedContextManager } from './context-manager.ts';
import { BridgedTracer } from './tracer.ts';

/**
 * Registers Flotilla as the OpenTelemetry API's tracer provider and context manager of this process. Spans go to the
 * telemetry of the call that runs; to `fallback` outside of one (default: nowhere). Returns how to take it back. Throws
 * TypeError when another SDK is registered already: two would each see a half.
 */
export function installOpenTelemetry(fallback: Telemetry = noTelemetry): () => void {
  const tracer = new BridgedTracer(fallback);
  if (!context.setGlobalContextManager(new BridgedContextManager())) {
    throw new TypeError(
      'another OpenTelemetry context manager is registered already; remove it, or do without the bridge',
    );
  }
  if (!trace.setGlobalTracerProvider({ getTracer: () => tracer })) {
    context.disable();
    throw new TypeError(
      'another OpenTelemetry tracer provider is registered already; remove it, or do without the bridge',
    );
  }
  return () => {
    trace.disable();
    context.disable();
  };
}
