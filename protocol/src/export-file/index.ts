/** One file with a release and all that is signed about it, for devices that no network reaches. */
export {
  type ExportHeader,
  exportFormat,
  exportHeaderSchema,
  exportPaths,
} from "./layout.ts";
export { type ExportEntry, readExport } from "./read.ts";
export { type ExportSource, writeExport } from "./write.ts";
