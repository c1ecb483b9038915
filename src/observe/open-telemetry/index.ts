/**
 * # flotilla/observe/open-telemetry
 *
 * Lets the spans of libraries that are instrumented with `@opentelemetry/api` join ours, in both directions: theirs become
 * children of the running call's span, and what they call through Flotilla becomes a child of theirs.
 *
 *     const uninstall = installOpenTelemetry();   // once, in main, before the libraries make their tracers
 *
 * Rules: opt-in and global, as that API is. Not here: its metrics and logs, links, names and times that are changed later.
 */
export { installOpenTelemetry } from './install.ts';
