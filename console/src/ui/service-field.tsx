import { useFleet } from '../fleet/fleet-context.tsx';
import { SelectField } from './select-field.tsx';

/** Chooses one of the known services, or all: the empty string. */
export function ServiceField({
  value,
  onChange,
}: {
  readonly value: string;
  readonly onChange: (service: string) => void;
}) {
  const { services } = useFleet();
  const options = services.map(({ name }) => [name, name] as const);
  return <SelectField label="Service" value={value} options={[['', 'All services'], ...options]} onChange={onChange} />;
}
