/** Who provides which service, and by which interface: from the manifest, the driver table and the core table. */
import { coreImages, driverImages } from "../images.ts";
import { driverClassOf } from "./analysis.ts";
import type { ComponentWritten } from "./written.ts";

type Services = Readonly<Record<string, string>>;

/** Driver classes that this version has. */
export const driverClasses: readonly string[] = Object.keys(driverImages);

/** Service → interface of a component as written; those of a driver come with its image. */
export function servicesOf(component: ComponentWritten): Services {
  const driver = driverClassOf(component.image);
  return driver === undefined ? (component.provides ?? {}) : driverServices(driver);
}

/** Service → interface of the core server `name`; undefined where there is none of this name. */
export function coreServices(name: string): Services | undefined {
  return Object.hasOwn(coreImages, name) ? coreImages[name as keyof typeof coreImages].provides : undefined;
}

function driverServices(driver: string): Services {
  return Object.hasOwn(driverImages, driver) ? driverImages[driver as keyof typeof driverImages].provides : {};
}
