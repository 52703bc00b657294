/**
 * Codecs that mean harm, one per way of doing it, and how each must end. Test data only: nothing imports this but
 * the test. `ends` lists every acceptable end; 'decoded' means that it came to nothing, and `gives` says to what.
 */
import type { Fault } from './outcome.ts';

export interface HostileCodec {
  readonly name: string;
  readonly script: string;
  readonly ends: readonly (Fault | 'failed' | 'decoded')[];
  readonly gives?: unknown;
}

/** A body of `function Decoder(bytes, port)`. */
function body(name: string, ends: HostileCodec['ends'], text: string, gives?: unknown): HostileCodec {
  return { name, ends, script: `function Decoder(bytes, port) {\n${text}\n}`, gives };
}

function whole(name: string, ends: HostileCodec['ends'], script: string, gives?: unknown): HostileCodec {
  return { name, ends, script, gives };
}

const ENDLESS: readonly HostileCodec[] = [
  body('empty loop', ['deadline'], 'while (true);'),
  body('loop that catches everything', ['deadline'], 'for (;;) { try { for (;;); } catch (e) {} }'),
  body('finally that loops again', ['deadline'], 'function f() { try { for (;;); } finally { f(); } } f();'),
  body(
    'nested finally',
    ['deadline'],
    'var f = function () { for (;;); }; for (var i = 0; i < 200; i++) f = (function (g) { return function () { try { g(); } finally { for (;;); } }; })(f); f();',
  ),
  body(
    'endless generator',
    ['deadline'],
    'function* g() { for (;;) yield 1; } for (var x of g()); return {};',
  ),
  body(
    'iterator that never ends',
    ['deadline'],
    'return Array.from({ [Symbol.iterator]() { return { next() { return { done: false }; } }; } });',
    undefined,
  ),
  body(
    'spread of an endless iterator',
    ['deadline', 'memory'],
    'function* g() { for (;;) yield 1; } return [...g()];',
  ),
  body(
    'backtracking regular expression',
    ['deadline'],
    'return { m: /^(a+)+$/.test("a".repeat(40) + "b") };',
  ),
  body(
    'regular expression over a long string',
    ['deadline', 'failed', 'memory'],
    'return { m: /(x+x+)+y/.test("x".repeat(30000)) };',
  ),
  body(
    'indexOf on long strings',
    ['deadline'],
    'var a = "a".repeat(4000000), b = "a".repeat(2000000) + "b"; for (var i = 0; i < 100; i++) a.indexOf(b); return {};',
  ),
  body(
    'indexOf in a sparse array',
    ['deadline'],
    'var a = []; a.length = 4294967295; return { i: a.indexOf(1) };',
  ),
  body(
    'join of a sparse array',
    ['deadline'],
    'var a = []; a.length = 4294967295; return { s: a.join("") };',
  ),
  body(
    'reverse of a sparse array-like',
    ['deadline'],
    'Array.prototype.reverse.call({ length: Number.MAX_SAFE_INTEGER }); return {};',
  ),
  body(
    'sort with a lying comparator',
    ['deadline', 'decoded', 'memory'],
    'var a = []; for (var i = 0; i < 200000; i++) a.push(i); a.sort(function () { return Math.random() - 0.5; }); return { n: 1 };',
  ),
  body('squaring of a BigInt', ['deadline', 'memory', 'failed'], 'var n = 3n; for (;;) n = n * n;'),
  body('power of a BigInt', ['deadline', 'memory', 'failed'], 'return { n: String(7n ** 4000000n).length };'),
  body(
    'BigInt from a long string',
    ['deadline', 'memory', 'failed'],
    'return { n: String(BigInt("9".repeat(2000000))).length };',
  ),
  body(
    'localeCompare and normalize',
    ['deadline', 'memory', 'decoded'],
    'var s = "e\\u0301".repeat(500000); for (var i = 0; i < 50; i++) s.normalize("NFC").localeCompare(s); return { n: 1 };',
  ),
  whole('loop while loading', ['deadline'], 'for (;;); function Decoder() { return {}; }'),
  whole(
    'loop in a getter named as the entry',
    ['deadline'],
    'Object.defineProperty(globalThis, "decodeUplink", { get() { for (;;); } });',
  ),
  body(
    'microtask storm',
    ['decoded'],
    'function again() { Promise.resolve().then(again); } again(); return { n: 1 };',
    { n: 1 },
  ),
  whole(
    'await that never ends',
    ['failed'],
    'async function decodeUplink() { await new Promise(() => {}); return { data: 1 }; }',
  ),
  whole('async generator as the entry', ['failed'], 'async function* decodeUplink() { for (;;) yield 1; }'),
];

const GREEDY: readonly HostileCodec[] = [
  body('string that doubles', ['memory', 'failed'], 'var s = "x"; for (;;) s = s + s + "y"; '),
  body('repeat of a gigabyte', ['memory'], 'return { s: "x".repeat(1 << 29).length };'),
  body('array that grows', ['memory'], 'var a = []; for (;;) a.push({ a: [1, 2, 3] });'),
  body(
    'array of a given length, filled',
    ['memory', 'failed', 'deadline'],
    'return { n: new Array(1e8).fill(1).length };',
  ),
  body('ArrayBuffer of two gigabytes', ['memory'], 'return { n: new ArrayBuffer(2e9).byteLength };'),
  body('many small buffers', ['memory'], 'var a = []; for (;;) a.push(new Uint8Array(65536).fill(1));'),
  body(
    'SharedArrayBuffer',
    ['memory'],
    'var a = []; for (var i = 0; i < 1000; i++) a.push(new SharedArrayBuffer(1e6)); return { n: a.length };',
  ),
  body(
    'swallowed out-of-memory',
    ['memory'],
    'var a = []; for (var i = 0; i < 50; i++) { try { for (;;) a.push(new Uint8Array(1e6)); } catch (e) {} } return { n: 1 };',
  ),
  body(
    'swallowed out-of-memory for ever',
    ['memory', 'deadline'],
    'var a = []; for (;;) { try { for (;;) a.push("x".repeat(100000) + a.length); } catch (e) { a.length = 0; } }',
  ),
  body(
    'map of closures',
    ['memory', 'deadline'],
    'var m = new Map(); for (var i = 0; ; i++) m.set({}, function () { return i; });',
  ),
  body(
    'nested JSON text',
    ['memory', 'failed', 'crash', 'deadline'],
    'var s = "[".repeat(1000000) + "]".repeat(1000000); return { n: JSON.parse(s).length };',
  ),
  whole(
    'memory while loading',
    ['memory', 'deadline'],
    'var a = []; for (;;) a.push(new Uint8Array(65536)); function Decoder() {}',
  ),
  body(
    'log that eats memory',
    ['decoded', 'memory', 'deadline'],
    'for (var i = 0; i < 100; i++) console.log("x".repeat(100000)); return { n: 1 };',
    { n: 1 },
  ),
];

const DEEP: readonly HostileCodec[] = [
  body('endless recursion', ['crash'], 'function f() { return f() + 1; } return f();'),
  body(
    'recursion that catches itself',
    ['crash', 'failed', 'deadline', 'decoded'],
    'function f() { try { return f(); } catch (e) { return f(); } } return { n: f() };',
  ),
  body(
    'recursion through toString',
    ['crash'],
    'var o = { toString() { return "" + this; } }; return { s: "" + o };',
  ),
  body(
    'recursion through a proxy',
    ['crash'],
    'var p = new Proxy({}, { get(t, k, r) { return r[k]; } }); return { n: p.x };',
  ),
  body('recursion through sort', ['crash'], 'function f() { [2, 1].sort(f); } f(); return {};'),
  body(
    'recursion through a regular expression',
    ['failed'],
    'return { m: new RegExp("(".repeat(5000) + ")".repeat(5000)).test("a") };',
  ),
  body(
    'source nested too deeply',
    ['crash', 'failed', 'memory'],
    'return { n: eval("(".repeat(200000) + "1" + ")".repeat(200000)) };',
  ),
  body(
    'answer nested too deeply',
    ['output', 'crash', 'failed'],
    'var o = {}; for (var i = 0; i < 3000; i++) o = { o: o }; return o;',
  ),
  body(
    'answer nested just past the limit',
    ['output'],
    'var o = {}; for (var i = 0; i < 40; i++) o = [o]; return o;',
  ),
  body('answer that holds itself', ['failed'], 'var o = {}; o.o = o; return o;'),
];

const ANSWERS: readonly HostileCodec[] = [
  body('a megabyte', ['output'], 'return { s: "x".repeat(1000000) };'),
  body(
    'a hundred thousand numbers',
    ['output'],
    'var a = []; for (var i = 0; i < 100000; i++) a.push(i); return a;',
  ),
  body('toJSON that loops', ['deadline'], 'return { toJSON() { for (;;); } };'),
  body('toJSON that throws', ['failed'], 'return { toJSON() { throw new Error("no"); } };'),
  body(
    'toJSON that makes more of itself',
    ['crash', 'failed', 'memory', 'deadline', 'output'],
    'function T() {} T.prototype.toJSON = function () { return { a: new T() }; }; return new T();',
  ),
  body('getter that loops', ['deadline'], 'return { get a() { for (;;); } };'),
  body('getter that throws', ['failed'], 'return { get a() { throw new TypeError("no"); } };'),
  body(
    'proxy with endless keys',
    ['memory', 'deadline', 'failed'],
    'return new Proxy({}, { ownKeys() { var a = []; for (var i = 0; ; i++) a.push("k" + i); } });',
  ),
  body('proxy that loops', ['deadline'], 'return new Proxy({}, { get() { for (;;); } });'),
  whole(
    'error list with a lying length',
    ['failed'],
    'function decodeUplink() { return { errors: new Proxy([], { get(t, k) { return k === "length" ? 1e9 : "e" + String(k); } }) }; }',
  ),
  whole(
    'warnings that loop',
    ['deadline'],
    'function decodeUplink() { return { data: {}, get warnings() { for (;;); } }; }',
  ),
  whole(
    'warnings of a megabyte',
    ['decoded'],
    'function decodeUplink() { return { data: { n: 1 }, warnings: new Array(1000).fill("w".repeat(100000)) }; }',
    { n: 1 },
  ),
  body('thrown object with a looping message', ['deadline'], 'throw { get message() { for (;;); } };'),
  body(
    'thrown object with a throwing message',
    ['failed'],
    'throw { get message() { throw { get message() { throw 1; } }; } };',
  ),
  body('thrown object with a looping toString', ['deadline'], 'throw { toString() { for (;;); } };'),
  body('thrown proxy', ['failed'], 'throw new Proxy({}, { get() { throw new Proxy({}, {}); } });'),
  body('thrown megabyte', ['failed'], 'throw new Error("x".repeat(5000000));'),
  body('thrown symbol', ['failed'], 'throw Symbol("s");'),
  body('thrown null', ['failed'], 'throw null;'),
  body(
    'error whose stack loops',
    ['failed'],
    'var e = new Error("e"); Object.defineProperty(e, "stack", { get() { for (;;); } }); throw e;',
  ),
  body('symbol as the answer', ['failed'], 'return Symbol.iterator;'),
  body('BigInt as the answer', ['failed'], 'return { n: 1n };'),
  body(
    'key __proto__ in the answer',
    ['decoded'],
    'return JSON.parse(\'{"n":1,"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}\');',
  ),
  body('key toString in the answer', ['decoded'], 'return { toString: 1, hasOwnProperty: 2 };', {
    toString: 1,
    hasOwnProperty: 2,
  }),
  body('half a surrogate', ['decoded'], 'return { s: "\\ud800" };', { s: '\ufffd' }),
  body('zero bytes', ['decoded'], 'return { s: "a\\u0000b" };', { s: 'a\ufffdb' }),
];

const TAMPERING: readonly HostileCodec[] = [
  whole(
    'JSON replaced while loading',
    ['decoded'],
    'JSON.stringify = function () { for (;;); }; JSON.parse = JSON.stringify; function Decoder() { return { n: 1 }; }',
    { n: 1 },
  ),
  body(
    'JSON replaced while decoding',
    ['decoded'],
    'JSON.stringify = function () { return "x".repeat(1e6); }; return { n: 1 };',
    { n: 1 },
  ),
  body(
    'Array.prototype emptied',
    ['decoded'],
    'for (var k of Object.getOwnPropertyNames(Array.prototype)) { try { delete Array.prototype[k]; } catch (e) {} } return { n: 1 };',
    { n: 1 },
  ),
  body(
    'setters on Array.prototype',
    ['deadline'],
    'for (var i = 0; i < 50; i++) Object.defineProperty(Array.prototype, i, { set() { for (;;); }, get() { return 7; } }); return { n: 1 };',
  ),
  body(
    'toJSON on Object.prototype',
    ['decoded'],
    'Object.prototype.toJSON = function () { return { evil: 1 }; }; return { n: 1 };',
  ),
  body(
    'toJSON on Array.prototype and String.prototype',
    ['decoded'],
    'Array.prototype.toJSON = function () { return "]"; }; String.prototype.toJSON = function () { return "}"; }; console.log("x"); return { n: "1" };',
  ),
  body(
    'Object.prototype frozen',
    ['decoded'],
    'Object.freeze(Object.prototype); Object.freeze(Array.prototype); return { n: 1 };',
    { n: 1 },
  ),
  body(
    'getter errors on Object.prototype',
    ['decoded'],
    'Object.defineProperty(Object.prototype, "errors", { get() { return ["e"]; } }); return { n: 1 };',
  ),
  body(
    'Promise replaced',
    ['decoded', 'failed', 'deadline'],
    'Object.defineProperty(Promise, Symbol.hasInstance, { value() { for (;;); } }); return { n: 1 };',
  ),
  body(
    'Function.prototype.call replaced',
    ['decoded'],
    'Function.prototype.call = Function.prototype.apply = function () { return 666; }; return { n: 1 };',
    { n: 1 },
  ),
  body(
    'global object emptied',
    ['decoded'],
    'for (var k of Object.getOwnPropertyNames(globalThis)) { try { delete globalThis[k]; } catch (e) {} } return { n: 1 };',
    { n: 1 },
  ),
  body(
    'own frame rewritten',
    ['decoded'],
    'arguments[0].length = 0; bytes.push("x"); Decoder = null; return { n: 1 };',
    { n: 1 },
  ),
];

const ESCAPES: readonly HostileCodec[] = [
  body(
    'constructor escape',
    ['decoded'],
    'var f = this.constructor.constructor("return typeof process"); return { p: f() };',
    { p: 'undefined' },
  ),
  body('process through Function', ['failed'], 'return { p: Function("return process")().pid };'),
  body('import()', ['failed'], 'return import("node:fs");'),
  body(
    'error of import()',
    ['failed'],
    'var p; try { p = import("node:fs"); } catch (e) { return { p: e.constructor.constructor("return typeof process")() }; } return p;',
  ),
  body('require', ['failed'], 'return require("node:fs").readdirSync("/");'),
  body('main module', ['failed'], 'return { m: module.constructor._load("fs"), p: process };'),
  body(
    'globals of the host',
    ['decoded'],
    'return { found: ["process", "require", "Worker", "fetch", "WebAssembly", "setTimeout", "Deno", "std", "os", "scriptArgs", "postMessage", "performance", "Atomics"].filter(function (n) { return n in globalThis; }) };',
    { found: [] },
  ),
  body(
    'caller of the codec',
    ['decoded'],
    'var c = null; try { c = Decoder.caller; } catch (e) {} return { c: c === null || c === undefined };',
    { c: true },
  ),
  body('stack of an error', ['decoded'], 'return { s: /\\/|node:/.test(new Error("x").stack) };', {
    s: false,
  }),
  body(
    'engine internals by prepareStackTrace',
    ['decoded'],
    'Error.prepareStackTrace = function (e, s) { return s; }; var s = new Error("x").stack; return { n: typeof s === "string" ? 1 : typeof s[0] === "object" ? typeof s[0].getFunction : 0 };',
  ),
  whole('import statement', ['syntax'], 'import fs from "node:fs"; function Decoder() { return {}; }'),
  whole(
    'export that hides code',
    ['failed'],
    'export default class { static decodeUplink() { return { data: 1 }; } }',
  ),
  body('debugger and with', ['decoded'], 'debugger; with ({ n: 1 }) { return { n: n }; }', { n: 1 }),
  body(
    'finalizers',
    ['decoded'],
    'new FinalizationRegistry(function () { for (;;); }).register({}, 1); var w = new WeakRef({}); return { n: 1 };',
    { n: 1 },
  ),
];

export const HOSTILE_CODECS: readonly HostileCodec[] = [
  ...ENDLESS,
  ...GREEDY,
  ...DEEP,
  ...ANSWERS,
  ...TAMPERING,
  ...ESCAPES,
];
