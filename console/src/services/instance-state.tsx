import './instance-state.css';
import type { InstanceState, ServiceInstance } from '../api/answers.ts';
import { Badge, type Tone } from '../ui/badge.tsx';

const tones: Readonly<Record<InstanceState, Tone>> = { ready: 'ok', unready: 'warn', gone: 'gone' };

/** A replica's state by colour, shape and word. */
export function InstanceBadge({ instance }: { readonly instance: ServiceInstance }) {
  return (
    <Badge tone={tones[instance.state] ?? 'plain'}>
      <StateMark state={instance.state} />
      {instance.state}
    </Badge>
  );
}

/** The replicas of a service, as small as they can be: a mark and name for each that is there, and how many are gone. */
export function Replicas({ instances }: { readonly instances: readonly ServiceInstance[] }) {
  const present = instances.filter((instance) => instance.state !== 'gone');
  const ready = present.filter((instance) => instance.state === 'ready').length;
  const gone = instances.length - present.length;
  const tone: Tone = ready === 0 ? 'error' : ready === present.length ? 'ok' : 'warn';
  return (
    <span className="replicas">
      <Badge tone={tone}>
        {ready}/{present.length} ready
      </Badge>
      <span className="replica-marks">
        {present.slice(0, maxShown).map((instance) => (
          <span key={instance.id} className="replica" title={`${instance.id}: ${instance.state}`}>
            <StateMark state={instance.state} />
            <span>{instance.id}</span>
            <span className="only-spoken"> {instance.state}</span>
          </span>
        ))}
        {present.length > maxShown && <span className="muted">+{present.length - maxShown}</span>}
        {gone > 0 && (
          <span className="replica" title="Replicas that left lately">
            <StateMark state="gone" />
            {gone} gone
          </span>
        )}
      </span>
    </span>
  );
}

const maxShown = 6;

/** Ready is a full dot, unready a ring, gone a cross: readable without colours. */
function StateMark({ state }: { readonly state: InstanceState }) {
  return (
    <svg className="state-mark" data-state={state} viewBox="0 0 10 10" width="10" height="10" aria-hidden="true">
      {state === 'gone' ? <path d="M2 2l6 6M8 2l-6 6" /> : <circle cx="5" cy="5" r={state === 'ready' ? 4 : 3.2} />}
    </svg>
  );
}
