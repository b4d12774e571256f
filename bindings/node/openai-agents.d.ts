/** Fence for the OpenAI Agents SDK. */
import type { FunctionTool, RunState, RunToolApprovalItem } from "@openai/agents";
import type { CallOptions, Policy } from "./index.js";

/** Who calls, and what the host adds. A call that runs is not held for people: they answer beforehand. */
export type GuardOptions = Omit<CallOptions, "args" | "callId" | "timeout">;

export interface Guard {
  /** The same tools, each call judged: an `ask` interrupts the run, a refusal is the tool's output. */
  tools<T extends FunctionTool<any, any, any>[]>(tools: T): T;
  tool<T extends FunctionTool<any, any, any>>(tool: T): T;
  /**
   * Lets people answer a run's interruptions and puts their answers into its state. What nobody answered in
   * time, or is not Fence's to answer, is given back.
   */
  settle(
    run: RunState<any, any> | { state: RunState<any, any> },
    options?: { timeout?: number },
  ): Promise<RunToolApprovalItem[]>;
}

/** Guards tools by a policy. A run that is resumed needs a guard of the same caller. */
export function guard(policy: Policy, who?: GuardOptions): Guard;
