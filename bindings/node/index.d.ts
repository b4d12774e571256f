/**
 * Fence: a policy layer between AI agents and their tools.
 *
 * A policy says for each tool call `allow`, `ask` (a person must approve) or `deny`. Every decision is
 * recorded before it is answered.
 */

/** A value that has exactly one JSON form. Whole numbers beyond 2^53 are `bigint`s. */
export type Json = null | boolean | number | bigint | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * A call's arguments: a plain object of JSON values. What `JSON.stringify` would drop or change (`undefined`,
 * functions, symbols, `NaN`, dates, proxies, instances of classes, half a surrogate pair) makes the call malformed: it is denied.
 */
export type Args = { readonly [key: string]: unknown };

/** An agent: its id, or its path and roles as the host knows them. */
export type Agent = string | { id: string; parents?: string[]; roles?: string[] };

/** Who calls. You vouch for it: never take it from what a model says. */
export interface Caller {
  agent?: Agent;
  /** The person for whom the agent acts; that person does not approve its calls. */
  user?: string;
  session?: string;
}

/** What a callback says: `true` releases, `false` refuses, `null` leaves it to other people. */
export type CallbackAnswer =
  boolean | null | undefined | { approve: true; edit?: Record<string, unknown>; note?: string } | { refuse: string };

/**
 * Asked when a call needs a person, with the tool and the arguments as they would run. Its answer is the vote of
 * `approver`. An exception, a rejection, no answer in time, and every other answer refuse. `context` is the callback's
 * own copy: what it changes there and then approves is its edit, where the rule allows one, and refused elsewhere.
 */
export type OnApproval = (toolName: string, context: any) => CallbackAnswer | Promise<CallbackAnswer>;

/** What a strategy is asked about one call. */
export interface Question {
  strategy: string;
  /** The phrase's arguments; a field is the value that stands there, `null` where nothing does. */
  arguments: Record<string, any>;
  call: { tool: string; args: any; agent?: any; user?: string; session?: string; context?: any };
  /** The time, where the clock can be trusted. */
  at?: string;
}

export type StrategyAnswer =
  "release" | "hold" | "unknown" | { outcome: "release" | "hold" | "unknown"; reason?: string };

/** Answers for `auto via NAME(…)`. An exception and no answer in time are *unknown*: nothing is released. */
export type Strategy = (question: Question) => StrategyAnswer | Promise<StrategyAnswer>;

export type ParameterKind = "number" | "whole" | "text" | "bool" | "duration" | "field" | `list<${string}>`;

export interface StrategyOptions {
  ask: Strategy;
  summary?: string;
  /** Milliseconds for one answer; 1000 unless given. */
  deadline?: number;
  parameters?: Record<string, ParameterKind | { kind: ParameterKind; required?: boolean }>;
}

/** What stands around a policy, wherever its rules come from. */
export interface HostOptions extends Caller {
  /** What the policy is called; `policy` unless given. */
  name?: string;
  onApproval?: OnApproval;
  /** The person for whom `onApproval` answers, asked wherever a rule names no group; `approver` unless given. */
  approver?: string;
  /** Milliseconds for which a call is held for people; until its request expires unless given. */
  timeout?: number;
  /** The SQLite file in which decisions, counters and requests are kept; in memory unless given. */
  database?: string;
  /** Strategies for `auto via`. They are waited for by `checkAsync`, never by `check`. */
  strategies?: Record<string, Strategy | StrategyOptions>;
}

/** A policy in code. Deny stands over approval, approval over allow, all three over the default. */
export interface PolicyOptions extends HostOptions {
  allow?: string[];
  requireApproval?: string[];
  deny?: string[];
  /** What becomes of all other tools; `deny` unless given. */
  default?: "allow" | "ask" | "deny";
}

/** What goes with one call. */
export interface CallOptions extends Caller {
  args?: Args;
  /** What the host adds: `preview`, `prompt`, its environment. */
  context?: Args;
  /** An id that your program made for this call alone, never a model's: a repeat gets the first verdict, an allow as well. */
  callId?: string;
  /** Milliseconds for which this call is held for people; `Infinity`: until its request expires. */
  timeout?: number;
}

/** How a request stands. */
export type RequestState =
  | "pending"
  | "approved"
  | "claimed"
  | "done"
  | "failed"
  | "unknown"
  | "denied"
  | "expired"
  | "cancelled"
  | "superseded"
  | "revoked"
  /** The approval could not be used: `reason` says why. */
  | "unclaimed"
  /** The approver changed the call, and only the call as it was asked was wanted. */
  | "edited";

/** A decision as it was recorded. */
export interface Decision {
  decision: "allow" | "ask" | "deny";
  id: string;
  rule: string | null;
  policy: string | null;
  because: string | null;
  instead: string | null;
  auto: string | null;
  matched: {
    policy: string;
    rule: string;
    effect: "allow" | "ask" | "deny";
    line: number;
    applies: boolean | null;
    released_by: string | null;
  }[];
  request?: { id: string; expires_at: string; needs: { count: number; of: string | null }[]; state: string };
  nearest?: string;
  unknown: string[];
  digest: string;
  policy_digest: string;
  at: string;
  repeated?: boolean;
}

/** What became of one call. Turning a result into a primitive throws: as an object it would always be true. */
export class PolicyResult {
  private constructor();
  readonly tool: string;
  readonly allowed: boolean;
  readonly requiresApproval: boolean;
  readonly denied: boolean;
  /** Why; after `requestApproval`, why not. */
  readonly reason: string;
  /** The arguments to make the call with: as they were judged, after an approval as they were approved. */
  readonly args: any;
  readonly decision: Decision;
  readonly requestId: string | null;
  /** How its request stands, where it has one. */
  readonly state: RequestState | null;

  /**
   * Waits for people and uses their approval, once. `true`: make the call, with `args`.
   * `exact`: not as somebody changed it.
   */
  requestApproval(options?: { timeout?: number; exact?: boolean }): Promise<boolean>;
  /** Waits for people and uses nothing. */
  waitForPeople(options?: { timeout?: number }): Promise<RequestState | null>;
  /** Says that the approved call was made. */
  done(note?: string): Promise<void>;
  /** Says that the approved call failed. */
  failed(note?: string): Promise<void>;
  /** Withdraws the request. */
  withdraw(why: string): Promise<void>;
}

/** A call that may be made, now and once. */
export interface Authorized {
  tool: string;
  /** The arguments to make it with. */
  args: any;
  done(note?: string): Promise<void>;
  failed(note?: string): Promise<void>;
}

/** A request as a person sees it. */
export interface Request {
  id: string;
  version: number;
  digest: string;
  state: RequestState;
  tool: string;
  /** Every argument, exact. */
  args: any;
  agent?: string;
  user?: string;
  session?: string;
  /** The dry-run result. */
  preview?: any;
  because?: string;
  instead?: string;
  /** What an approver may change, and how far. */
  mayEdit: { field: string; bound: string }[];
  openedAt: string;
  expiresAt: string;
}

export interface AuditEntry {
  /** RFC 3339 in UTC. */
  timestamp: string;
  tool: string;
  decision: "allow" | "deny" | "require_approval";
  /** Such as `matched: read_*` or `default policy: deny`. */
  reason: string;
}

/** A policy with the gate that enforces it. */
export class Policy {
  constructor(options: PolicyOptions);
  /** A policy from `.fence` files; several are layers, and the strictest verdict stands. */
  static fromFile(paths: string | string[], options?: HostOptions): Policy;
  /** A policy from `.fence` text. */
  static fromText(text: string, options?: HostOptions): Policy;

  /** Decides a call. The thread stands still until the decision is durable. */
  check(tool: string, call?: CallOptions): PolicyResult;
  /** Decides a call beside the event loop. */
  checkAsync(tool: string, call?: CallOptions): Promise<PolicyResult>;

  /**
   * Judges the call with these arguments, as they are now, and asks people where that is needed. `true`: make it, exactly
   * so. Where the object may change meanwhile, use `authorize`: it hands out the arguments that were approved.
   * @throws FenceError where an approver changed the call, which a boolean cannot tell.
   */
  requestApproval(tool: string, call?: CallOptions): Promise<boolean>;
  /** The call to make, with the arguments that were approved. @throws Denied */
  authorize(tool: string, args?: Args, call?: Omit<CallOptions, "args">): Promise<Authorized>;
  /**
   * A function that authorizes each call and runs `run` with the arguments that were approved, one object; further
   * arguments would not be judged, and are refused. It throws `Denied`.
   */
  tool<A extends object, R>(
    name: string,
    run: (args: A) => R,
    call?: Omit<CallOptions, "args" | "callId">,
  ): (args: A) => Promise<Awaited<R>>;

  /** What waits for people, the next deadline first. */
  pending(): Request[];
  /** A person approves, perhaps changed: `{ edit: { "args.to": […] } }`. You vouch for the person. */
  approve(
    id: string,
    person: string,
    options?: { version?: number; edit?: Record<string, unknown>; note?: string },
  ): Promise<Request>;
  /** A person refuses; one refusal is enough. */
  refuse(id: string, person: string, reason: string, options?: { version?: number }): Promise<Request>;

  /** Every decision, in order. */
  readonly auditTrail: AuditEntry[];
}

/** Something that Fence cannot do; the call in question must not be made. */
export class FenceError extends Error {}

/** A call that is not to be made. The message is for the model: why, and what to do instead. */
export class Denied extends FenceError {
  readonly tool: string;
  readonly reason: string;
  /** The request that waits for people, where one does. */
  readonly requestId: string | null;
  readonly decision: Decision;
}
