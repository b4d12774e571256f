// The same objects for `import`.
import adapter from "./openai-agents.js";

export const { guard } = adapter;
