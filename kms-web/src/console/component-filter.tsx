/** Chooses whose lines the console shows. */
type Props = { components: readonly string[]; value: string; onChange: (component: string) => void };

export function ComponentFilter({ components, value, onChange }: Props) {
  return (
    <label className="flex items-center gap-1.5 text-xs text-muted">
      Component
      <select
        value={value}
        onChange={(event) => onChange(event.target.value)}
        className="rounded-md border border-line bg-surface px-1.5 py-0.5 text-ink"
      >
        <option value="">all</option>
        {components.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </label>
  );
}
