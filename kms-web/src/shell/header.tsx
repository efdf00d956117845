/** The head of every page: where you are, and light or dark. */
import { Link } from "./link.tsx";
import { ThemeSwitch } from "./theme-switch.tsx";

export function Header() {
  return (
    <header className="border-b border-line bg-surface">
      <div className="mx-auto flex max-w-6xl items-center gap-3 px-4 py-2.5">
        <Link to="/" className="flex items-center gap-2.5 font-semibold tracking-tight">
          <img src="/bulkhead.svg" alt="" width="24" height="24" />
          Bulkhead
        </Link>
        <span className="text-sm text-muted max-sm:hidden">Studio Server</span>
        <span className="grow" />
        <ThemeSwitch />
      </div>
    </header>
  );
}
