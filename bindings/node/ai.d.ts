/** Fence for the Vercel AI SDK. */
import type { GenericToolApprovalFunction, ToolApprovalResponse, ToolSet } from "ai" with {
  "resolution-mode": "import",
};
import type { CallOptions, Policy } from "./index.js";

/** Who calls, and what the host adds. A call that runs is not held for people: they answer beforehand. */
export type GuardOptions = Omit<CallOptions, "args" | "callId" | "timeout">;

export interface Guard {
  /** The same tools, each call judged before it runs. A tool that yields several outputs gives its last one. */
  tools<T extends ToolSet>(tools: T): T;
  /** For `toolApproval`: an `ask` waits for an answer, a refusal is told to the model. */
  readonly toolApproval: GenericToolApprovalFunction<any, any, any>;
  /** Lets people answer the approval requests in a result's content: the parts of the next `tool` message. */
  answers(content: readonly { type: string }[], options?: { timeout?: number }): Promise<ToolApprovalResponse[]>;
}

/** Guards tools by a policy. A conversation that is resumed needs a guard of the same caller. */
export function guard(policy: Policy, who?: GuardOptions): Guard;
