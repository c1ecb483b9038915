import './service-name.css';
import { useFleet } from '../fleet/fleet-context.tsx';

/** A service by its colour and name; a link where `href` is given. */
export function ServiceName({ name, href }: { readonly name: string; readonly href?: string }) {
  const color = `var(${useFleet().colorToken(name)})`;
  const content = (
    <>
      <span className="service-dot" style={{ background: color }} aria-hidden="true" />
      <span className="service-text">{name}</span>
    </>
  );
  if (href === undefined) return <span className="service-name">{content}</span>;
  return (
    <a className="service-name" href={href}>
      {content}
    </a>
  );
}
