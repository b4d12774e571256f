// The same objects for `import`.
import adapter from "./ai.js";

export const { guard } = adapter;
