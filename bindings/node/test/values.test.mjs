// Values cross exactly, or not at all.

import { test } from "node:test";
import { deepEqual, deepStrictEqual, equal, match, ok } from "node:assert/strict";
import { createHash } from "node:crypto";
import { Policy } from "fence-policy";

const policy = new Policy({ allow: ["*"] });
const round = (value) => policy.check("x", { args: { value } }).args.value;

test("numbers are what JSON would print, and whole numbers of any size are exact", () => {
  for (const number of [
    0,
    1,
    -1,
    0.1,
    1e15,
    1e-7,
    123456.789,
    5e-324,
    2 ** 53,
    -(2 ** 53),
  ]) {
    equal(round(number), number);
  }
  for (const number of [2 ** 53 + 2, -(2 ** 53) - 2, 1e21, Number.MAX_VALUE]) {
    equal(typeof round(number), "bigint", "beyond 2^53 there are BigInts only");
    equal(Number(round(number)), number);
  }
  equal(Object.is(round(-0), 0), true, "as JSON.stringify(-0) does");
  const bigs = [2n ** 53n + 1n, 2n ** 53n + 2n, -(2n ** 64n) - 7n, 10n ** 60n + 1n, 2n ** 200n + 1n];
  for (const big of bigs) equal(round(big), big);
  equal(round(5n), 5, "a small one is a number");
});

test("a digest is that of the same JSON anywhere", () => {
  const { digest } = policy.check("x", { args: { n: 0.1, big: 9007199254740993n, text: "\u{1f600}" } }).decision;
  const canonical = '{"args":{"big":9007199254740993,"n":1e-1,"text":"\u{1f600}"},"tool":"x"}';
  equal(digest, `sha256:${createHash("sha256").update(canonical).digest("hex")}`);
  const conditions = Policy.fromText("fence 1 policy p allow pay when args.n <= 0.3");
  ok(conditions.check("pay", { args: { n: 0.3 } }).allowed);
  ok(conditions.check("pay", { args: { n: 0.1 + 0.2 } }).denied);
});

test("texts, lists and objects come back as they went", () => {
  const values = [
    "",
    '\u0000\u001f"\\',
    "\u{1f600}",
    "\ufffd",
    "e\u0301",
    [],
    {},
    [[], [null, true]],
    { a: { b: [1, "2"] } },
    { "": 1, 7: 2 },
  ];
  for (const value of values) deepStrictEqual(round(value), value);
  deepEqual(round(Object.assign(Object.create(null), { a: 1 })), { a: 1 });
});

test("what JSON.stringify would drop or change is refused, by its place", () => {
  const cyclic = { a: [] };
  cyclic.a.push(cyclic);
  const deep = JSON.parse("[".repeat(80) + "]".repeat(80));
  const cases = [
    [undefined, "`args.value` is undefined"],
    [[1, undefined], "`args.value[1]` is undefined"],
    [[, 1], "`args.value[0]` is undefined"],
    [NaN, "`args.value` is NaN"],
    [{ a: [Infinity] }, "`args.value.a[0]` is Infinity"],
    [() => 1, "`args.value` is a function"],
    [Symbol("s"), "`args.value` is a symbol"],
    [{ [Symbol("s")]: 1 }, "`args.value` has a symbol for a key"],
    [new Date(0), "is a Date: write its `toISOString()`"],
    [new Map([["a", 1]]), "`args.value` is not a plain object"],
    [
      new (class Mail {
        to = "x";
      })(),
      "`args.value` is not a plain object",
    ],
    [new Uint8Array(2), "`args.value` is not a plain object"],
    [Object.create({ inherited: 1 }), "`args.value` is not a plain object"],
    [new Proxy({}, {}), "`args.value` is a Proxy"],
    [[new Proxy(["a"], {})], "`args.value[0]` is a Proxy"],
    [{ d: new Proxy(new Date(0), {}) }, "`args.value.d` is a Proxy"],
    [{ toJSON: () => "other" }, "`args.value.toJSON` is a function"],
    ["half \ud800", "`args.value` holds half of a surrogate pair"],
    [{ "\udc00": 1 }, "`args.value` holds half of a surrogate pair"],
    [cyclic, "nested more than 64 deep, or holds itself"],
    [deep, "nested more than 64 deep"],
    [new Array(100_001).fill(0), "has more than 100000 values"],
    ["x".repeat(2 ** 20 + 1), "too large"],
  ];
  for (const [value, reason] of cases) {
    const result = policy.check("x", { args: { value } });
    ok(result.denied, reason);
    ok(result.reason.includes(reason), `${reason}: ${result.reason}`);
  }
});

test("a getter is read once: what was judged is what runs", () => {
  let reads = 0;
  const args = {
    get to() {
      return reads++ === 0 ? "friend" : "everybody";
    },
  };
  const result = Policy.fromText('fence 1 policy p allow mail when args.to == "friend"').check("mail", { args });
  ok(result.allowed);
  deepEqual(result.args, { to: "friend" });
  equal(reads, 1);
});

test("a proxy, which may say something else each time, is never asked", () => {
  let asked = 0;
  const counts = new Proxy({}, { get: () => () => (asked++, undefined) });
  match(policy.check("x", { args: new Proxy({ n: 1 }, counts) }).reason, /`args` is a Proxy: give the plain object/);
  const gone = Proxy.revocable({}, {});
  gone.revoke();
  match(policy.check("x", { args: { a: gone.proxy } }).reason, /`args.a` is a Proxy/);
  equal(asked, 0);
});

// ARG-032: own properties only; Object.prototype unchanged afterwards.
test("ARG-032: keys of prototypes are members like any other, and nothing more", async () => {
  const args = JSON.parse('{"__proto__":{"recipient_count":1},"constructor":{"prototype":{"admin":true}}}');
  const before = Object.getOwnPropertyNames(Object.prototype).sort();
  const mail = Policy.fromText(
    "fence 1 policy p allow mail when args.recipient_count <= 50 allow admin when args.admin == true ask any",
    { onApproval: () => true },
  );
  ok(!mail.check("mail", { args }).allowed);
  ok(!mail.check("admin", { args }).allowed);
  for (const back of [mail.check("mail", { args }).args, (await mail.authorize("any", args)).args]) {
    deepEqual(Object.keys(back).sort(), ["__proto__", "constructor"]);
    equal(Object.getPrototypeOf(back), Object.prototype);
    deepEqual(Object.getOwnPropertyDescriptor(back, "__proto__").value, { recipient_count: 1 });
    equal(back.recipient_count, undefined);
  }
  // What only a prototype holds is not an argument.
  const lent = Object.setPrototypeOf({}, { recipient_count: 1 });
  match(mail.check("mail", { args: lent }).reason, /not a plain object/);
  deepEqual(Object.getOwnPropertyNames(Object.prototype).sort(), before);
  equal({}.admin, undefined);
});
