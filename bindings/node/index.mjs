// The same objects for `import`: one gate per process, however the package is loaded.
import fence from "./index.js";

export const { Policy, PolicyResult, FenceError, Denied } = fence;
