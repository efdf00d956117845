/** A manifest that was to be built, refused with all of its errors. */
import { BulkheadError, type ErrorReport } from "@bulkhead/protocol";

/** The errors of a manifest that was to be built. */
export class ManifestError extends BulkheadError {
  readonly errors: readonly ErrorReport[];

  constructor(errors: readonly ErrorReport[]) {
    const [first] = errors;
    const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : "";
    super(first?.code ?? "INTERNAL", `${first?.message}${more}`, {
      ...(first?.place && { place: first.place }),
      ...(first?.remedy && { remedy: first.remedy }),
    });
    this.errors = errors;
  }
}
