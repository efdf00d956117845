/** Where the inspector of a component listens: in the component's own network namespace, which nobody but root can enter. */
export const inspectorHost = "127.0.0.1";
export const inspectorPort = 9229;
export const inspectorAddress = `${inspectorHost}:${inspectorPort}`;
